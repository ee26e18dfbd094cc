"""`hold`: nobody is to eat a batch, until each recipient that got it has confirmed and somebody lifts it.

The one kind that people raise. What was ordered and who has confirmed stands in its evidence, and nowhere else.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from contracts.commands import HOLD, HOLD_LASTS_MS, Confirm, Hold, Release
from contracts.time.instant import epoch_ms, rfc3339
from streams.core.alerts.alert import SIAGA, Alert, AlertCause
from streams.core.alerts.alert_kind import AlertRegion, QuietKind

_LIFTED: Final = "lifted"
_BATCH_OVER: Final = "batch_over"
_MINUTE_MS: Final = 60_000


class Confirmation(msgspec.Struct, frozen=True):
    """`at`: RFC 3339; `eaten`: some of the food had been eaten by then."""

    recipient: str
    at: str
    eaten: bool


class HoldState(msgspec.Struct):
    """What the evidence of a hold has beside that of every alert. `because_of`: id of an alert; times are RFC 3339.

    `minutes_to_last`: whole minutes from the order to the last confirmation; null until all have confirmed.
    """

    because_of: str
    ordered_by: str
    ordered_at: str
    reason: str
    batch: str
    recipients: tuple[str, ...]
    recipient_count: int
    confirmed_count: int = 0
    eaten_count: int = 0
    confirmations: tuple[Confirmation, ...] = ()
    last_confirmed_at: str | None = None
    minutes_to_last: int | None = None
    lifted_by: str = ""
    lifted_because: str = ""


class Holds(QuietKind):
    """Key: the id under which the hold is shown."""

    name: ClassVar = HOLD

    def obey(self, region: AlertRegion, command: Hold | Confirm | Release, at: int) -> bool:
        """Carries out a command given at `at`, epoch ms; False if there is no hold that it fits."""
        if isinstance(command, Hold):
            return self._order(region, command, at)
        alert = region.book.open(HOLD, command.alert_id)
        if alert is None or at < alert.start:
            return False
        state = _state_of(alert)
        if isinstance(command, Release):
            state.lifted_by, state.lifted_because = command.by, command.note
            self._put(region, alert, state, at)
            region.book.resolve(alert, at, _LIFTED)
            return True
        if command.by not in state.recipients:
            return False
        if command.by not in (one.recipient for one in state.confirmations):
            self._put(region, alert, _confirmed(state, command, at), at)
            self._end(region, alert, max(at, region.now))
        return True

    def _order(self, region: AlertRegion, order: Hold, at: int) -> bool:
        # What was ordered before the log begins stands as a rebuild has taken it over.
        if at < region.begun:
            return False
        if region.book.get(order.shown_as) is None:
            recipients = tuple(dict.fromkeys(order.recipients))
            state = HoldState(
                because_of=order.alert_id, ordered_by=order.by, ordered_at=rfc3339(at),
                reason=order.note, batch=order.batch, recipients=recipients,
                recipient_count=len(recipients),
            )  # fmt: skip
            cause = _cause(order.unit, order.batch, at, state)
            region.book.order(HOLD, order.shown_as, cause, at)
            region.wake(at + HOLD_LASTS_MS, HOLD, order.shown_as)
        return True

    def _put(self, region: AlertRegion, alert: Alert, state: HoldState, at: int) -> None:
        cause = _cause(alert.unit, alert.subject, alert.start, state)
        region.book.settle(HOLD, alert.key, cause, at, "")

    def _end(self, region: AlertRegion, alert: Alert, now: int) -> None:
        state = _state_of(alert)
        if state.minutes_to_last is not None and now >= alert.start + HOLD_LASTS_MS:
            region.book.resolve(alert, now, _BATCH_OVER)

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        alert = region.book.open(HOLD, key)
        if alert is not None:
            self._end(region, alert, region.now)

    def restored(self, region: AlertRegion) -> None:
        """See `AlertKind`."""
        for alert in region.book.open_of(HOLD):
            region.wake(alert.start + HOLD_LASTS_MS, HOLD, alert.key)


def _state_of(alert: Alert) -> HoldState:
    return msgspec.json.decode(alert.evidence, type=HoldState)


def _cause(unit: str, batch: str, start: int, state: HoldState) -> AlertCause:
    rule = {"batch_hours": HOLD_LASTS_MS // (60 * _MINUTE_MS)}
    return AlertCause(unit, batch, start, SIAGA, rule, (), msgspec.structs.asdict(state))


def _confirmed(state: HoldState, command: Confirm, at: int) -> HoldState:
    confirmation = Confirmation(command.by, rfc3339(at), command.eaten)
    state.confirmations = (*state.confirmations, confirmation)
    state.confirmed_count = len(state.confirmations)
    state.eaten_count = sum(one.eaten for one in state.confirmations)
    state.last_confirmed_at = confirmation.at
    if state.confirmed_count == state.recipient_count:
        state.minutes_to_last = (at - epoch_ms(state.ordered_at)) // _MINUTE_MS
    return state

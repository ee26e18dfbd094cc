"""The alerts of one region: each one's life, whatever its kind.

raised --> acknowledged --> resolved        an acknowledgement that runs out, or something worse: raised again
   '---------------------------^            a cause that comes back: raised again, by the same id if it began at the same time
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from contracts.commands import ASSESSABLE_MS, HOLD, Acknowledge, Assess, MarkStep
from contracts.time.instant import rfc3339
from streams.core.alerts.alert import (
    ACKNOWLEDGED,
    MOST_STORED,
    RAISED,
    RESOLVED,
    Alert,
    AlertCause,
    Resolution,
    StepDone,
    alert_id,
)

BY_ACKNOWLEDGEMENT: Final = "acknowledged"
"""Resolution of the kinds whose cause is a fact that stays: they end when somebody has taken note."""
ASSESSED_KIND: Final = "foodborne_cluster"

_LETTERS: Final = {
    "delivery_late": "T",
    "shortfall": "K",
    "over_4h": "J",
    "unsafe_batch": "U",
    "over_capacity": "L",
    "temperature": "S",
    "unit_silent": "D",
    "old_food": "B",
    "food_refused": "R",
    "illness_reported": "I",
    "certificate": "C",
    "foodborne_cluster": "G",
    HOLD: "H",
}
"""First letter of a short id: by kind, so that on the telephone one is not taken for another."""
_SHORT_NUMBERS: Final = 999
"""Numbers begin again after this one, once the first is free."""
_NOTED: Final = frozenset({"over_4h", "unsafe_batch", "old_food", "food_refused"})
_RETAINED_MS: Final = ASSESSABLE_MS
"""A resolved alert is known for so long: what it depends on may be corrected, and the health office may assess it."""
SHOWN_MS: Final = 600_000
"""A resolved alert stays on the wall for 10 minutes."""


class BookCounters(msgspec.Struct, array_like=True, gc=False):
    """`changes`: of the region's alerts so far; `short`: letter -> number given last."""

    changes: int = 0
    short: dict[str, int] = {}


class AlertChange(NamedTuple):
    """One change, as it left the alert. `number`: of the change in the region."""

    number: int
    alert: Alert


class AlertBook:
    """All alerts of one region that are open or were lately. `on_change`: called with each alert that changes."""

    def __init__(self, on_change: Callable[[Alert], None]) -> None:
        self._on_change = on_change
        self.counters = BookCounters()
        self._alerts: dict[str, Alert] = {}
        self._taken: set[str] = set()
        self._by_key: dict[str, dict[str, str]] = {kind: {} for kind in _LETTERS}
        self._changes: list[AlertChange] = []

    def restore(self, alert: Alert) -> None:
        """Takes an alert of state."""
        self._alerts[alert.id] = alert
        if alert.is_open:
            self._taken.add(alert.short_id)
        known = self._by_key[alert.kind].get(alert.key)
        if known is None or self._alerts[known].raised_at <= alert.raised_at:
            self._by_key[alert.kind][alert.key] = alert.id

    # --- questions ----------------------------------------------------------------------------------------------------

    def get(self, identity: str) -> Alert | None:
        """By id."""
        return self._alerts.get(identity)

    def known(self, identity: str) -> Alert:
        """By id, of one that is there. Raises `KeyError`."""
        return self._alerts[identity]

    def latest(self, kind: str, key: str) -> Alert | None:
        """The newest alert of what a kind watches, open or not."""
        identity = self._by_key[kind].get(key)
        return None if identity is None else self._alerts[identity]

    def open(self, kind: str, key: str) -> Alert | None:
        """The open alert of what a kind watches."""
        alert = self.latest(kind, key)
        return alert if alert is not None and alert.is_open else None

    def open_of(self, kind: str, begins: str = "") -> list[Alert]:
        """The open alerts of a kind whose keys begin with `begins`."""
        found = (self._alerts[identity] for identity in self._by_key[kind].values())
        return [one for one in found if one.is_open and one.key.startswith(begins)]

    # --- what kinds find ----------------------------------------------------------------------------------------------

    def settle(
        self, kind: str, key: str, cause: AlertCause | None, now: int, resolution: Resolution
    ) -> None:
        """Brings the alert of what a kind watches in line with what it finds now; `resolution`: why, if that is nothing."""
        alert = self.latest(kind, key)
        if cause is None:
            if alert is not None and alert.is_open:
                self.resolve(alert, now, resolution)
        elif alert is not None and alert.is_open:
            self._update(alert, cause, now)
        elif alert is None or _comes_back(alert, cause):
            self._raise(kind, key, cause, now, alert_id(kind, cause))

    def order(self, kind: str, identity: str, cause: AlertCause, now: int) -> None:
        """Raises what people ordered, under the id that they were given for it: its key too."""
        self._raise(kind, identity, cause, now, identity)

    def _raise(self, kind: str, key: str, cause: AlertCause, now: int, identity: str) -> None:
        before = self._alerts.get(identity)
        if before is not None and before.key != key:
            if before.is_open:
                # Two failed tests of one batch are one matter.
                return
            if self._by_key[kind].get(before.key) == identity:
                del self._by_key[kind][before.key]
        alert = Alert(
            identity,
            kind,
            key,
            cause.unit,
            cause.subject,
            cause.start,
            self._short_id(kind),
            cause.severity,
            cause.evidence,
            list(cause.events[:MOST_STORED]),
            now,
            now,
        )
        if before is not None:
            # The same again: what was found out about it stands.
            alert.assessment, alert.note = before.assessment, before.note
            alert.assessed_by, alert.assessed_at = before.assessed_by, before.assessed_at
            alert.steps = before.steps
            alert.commands = before.commands
        self._alerts[identity] = alert
        self._by_key[kind][key] = identity
        self._change(alert, now)

    def _update(self, alert: Alert, cause: AlertCause, now: int) -> None:
        evidence = cause.evidence
        if (cause.severity, evidence) == (alert.severity, alert.evidence):
            return
        if cause.severity > alert.severity:
            # Who took care of the lesser matter has not yet seen this one.
            alert.state = RAISED
        alert.severity, alert.evidence = cause.severity, evidence
        alert.events = list(dict.fromkeys((*alert.events, *cause.events)))[:MOST_STORED]
        self._change(alert, now)

    def resolve(self, alert: Alert, now: int, resolution: Resolution) -> None:
        """Ends an open alert."""
        alert.state, alert.resolution = RESOLVED, resolution
        alert.resolved_at = max(now, alert.updated_at)
        self._taken.discard(alert.short_id)
        self._change(alert, now)

    # --- what people say ----------------------------------------------------------------------------------------------

    def command(self, command: Acknowledge | Assess | MarkStep, at: int) -> bool:
        """Carries out a command given at `at`; False if there is no such alert, or none that the command fits."""
        alert = self._alerts.get(command.alert_id)
        if alert is None:
            return False
        if command.id in alert.commands:
            return True
        if isinstance(command, Assess):
            if alert.kind != ASSESSED_KIND:
                return False
            alert.assessment, alert.assessed_by = command.assessment, command.by
            alert.assessed_at, alert.note = at, command.note
        elif isinstance(command, MarkStep):
            _mark(alert, command, at)
        elif not alert.is_open:
            return False
        else:
            self._acknowledge(alert, command, at)
        alert.commands = [*alert.commands, command.id]
        self._change(alert, at)
        if alert.kind in _NOTED and isinstance(command, Acknowledge) and not alert.ack_until:
            self.resolve(alert, at, BY_ACKNOWLEDGEMENT)
        return True

    def _acknowledge(self, alert: Alert, command: Acknowledge, at: int) -> None:
        alert.state = ACKNOWLEDGED
        alert.acknowledged_by, alert.acknowledged_at = command.by, at
        alert.note = command.note
        alert.ack_until = max(command.until_ms or 0, 0)

    def run_out(self, identity: str, now: int) -> None:
        """An acknowledgement's time may be over: then the alert stands as raised again."""
        alert = self._alerts.get(identity)
        if alert is not None and alert.state == ACKNOWLEDGED and 0 < alert.ack_until <= now:
            alert.state = RAISED
            self._change(alert, now)

    # --- changes ------------------------------------------------------------------------------------------------------

    def _change(self, alert: Alert, now: int) -> None:
        alert.updated_at = max(now, alert.updated_at)
        self.counters.changes += 1
        self._changes.append(AlertChange(self.counters.changes, msgspec.structs.replace(alert)))
        self._on_change(alert)

    def _short_id(self, kind: str) -> str:
        letter = _LETTERS[kind]
        number = self.counters.short.get(letter, 0) + 1
        while f"{letter}{number}" in self._taken:
            number += 1
        # Where thousands are open, each would otherwise search through all of them for a number.
        begins_again = number >= _SHORT_NUMBERS and f"{letter}1" not in self._taken
        self.counters.short[letter] = 0 if begins_again else number
        self._taken.add(f"{letter}{number}")
        return f"{letter}{number}"

    def open_events(self) -> set[str]:
        """Ids of the events on which open alerts depend."""
        return {event for one in self._alerts.values() if one.is_open for event in one.events}

    def forget(self, now: int) -> list[str]:
        """Drops alerts that were resolved long ago; their ids."""
        old = [
            one
            for one in self._alerts.values()
            if not one.is_open and one.resolved_at < now - _RETAINED_MS
        ]
        for alert in old:
            del self._alerts[alert.id]
            if self._by_key[alert.kind].get(alert.key) == alert.id:
                del self._by_key[alert.kind][alert.key]
        return [alert.id for alert in old]

    def drain(self) -> list[AlertChange]:
        """The changes since the last call."""
        changes, self._changes = self._changes, []
        return changes


def _mark(alert: Alert, command: MarkStep, at: int) -> None:
    """Who was first stands: a second person who says the same changes nothing."""
    others = tuple(one for one in alert.steps if one.step != command.step)
    if not command.done:
        alert.steps = others
    elif len(others) == len(alert.steps):
        done = StepDone(command.step, command.note, command.by, rfc3339(at))
        alert.steps = (*others, done)


def _comes_back(alert: Alert, cause: AlertCause) -> bool:
    """Whether a cause raises again what was resolved: of what was noted only new events do, all else has begun anew."""
    return alert.resolution != BY_ACKNOWLEDGEMENT or not set(cause.events) <= set(alert.events)

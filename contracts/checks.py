"""What of an event can only be judged with the registry and the time at hand."""

from __future__ import annotations

from typing import Final, Protocol

from msgspec import UNSET

from contracts.codes import Code, Refusal
from contracts.events import CaseReported, CaseReportedData, DeliveryReceived, Event
from contracts.instant import BadInstant, epoch_ms
from contracts.windows import AHEAD_MS, ALLOWED_LATENESS_MS, GRACE_MS

_COOKED_WITHIN_MS: Final = 86_400_000


class UnitLike(Protocol):
    """A unit's row."""

    @property
    def region(self) -> str:
        """Region code."""

    @property
    def kind(self) -> str:
        """sppg or clinic."""


class RecipientLike(Protocol):
    """A recipient's row."""

    @property
    def region(self) -> str:
        """Region code."""


class RegistryLike(Protocol):
    """What `check` asks the registry. A day is the number of days since 1970-01-01, local."""

    def local_day(self, region: str, time_ms: int) -> int | None:
        """Local day of an instant in a region; None for a region that is not known."""

    def unit(self, unit_id: str, day: int) -> UnitLike | None:
        """The row in force on that day."""

    def recipient(self, recipient_id: str, day: int) -> RecipientLike | None:
        """The row in force on that day."""


def effective_received(stamped_ms: int | None, append_ms: int) -> int:
    """When an event counts as received: what ingest stamped, if within 2 minutes before the append time, else the append time. Epoch ms on the region's clock."""
    if stamped_ms is not None and append_ms - GRACE_MS <= stamped_ms <= append_ms:
        return stamped_ms
    return append_ms


def check(event: Event, registry: RegistryLike, received_ms: int) -> Refusal | None:
    """Why `event`, decoded and received at `received_ms`, is refused; None if it is accepted.

    The refusal's `line` is empty: the caller has it.
    """
    time_ms = event.time_ms
    if received_ms - time_ms > ALLOWED_LATENESS_MS:
        return _refusal(event, Code.TOO_OLD, f"time {event.time} is more than 30 days behind")
    if time_ms - received_ms > AHEAD_MS:
        return _refusal(
            event,
            Code.IN_FUTURE,
            f"time {event.time} is more than 5 minutes ahead: set the device's clock",
        )
    region, kind, unit_id = event.origin
    day = registry.local_day(region, time_ms)
    unit = None if day is None else registry.unit(unit_id, day)
    if day is None or unit is None or unit.region != region:
        return _refusal(
            event,
            Code.UNKNOWN_UNIT,
            f"no unit {unit_id} in region {region} on the day of {event.time}",
        )
    if unit.kind != kind or (event.KIND is not None and event.KIND != kind):
        return _refusal(
            event,
            Code.WRONG_KIND,
            f"source says {kind}, the unit is {unit.kind}, the type comes from {event.KIND or 'both'}",
        )
    if event.subject is not None:
        recipient = registry.recipient(event.subject, day)
        if recipient is None or recipient.region != region:
            return _refusal(
                event,
                Code.UNKNOWN_RECIPIENT,
                f"no recipient {event.subject} in region {region} on the day of {event.time}",
            )
    if event.supersedes == event.id:
        return _refusal(event, Code.SELF_SUPERSEDING, "supersedes names the event itself")
    if type(event) is DeliveryReceived:
        return _check_cooked_at(event)
    if type(event) is CaseReported:
        return _check_case(event, event.data)
    return None


def _check_cooked_at(event: DeliveryReceived) -> Refusal | None:
    try:
        age_ms = event.time_ms - epoch_ms(event.data.cooked_at)
    except BadInstant as error:
        return _bad_instant(event, "data.cooked_at", error.code)
    if age_ms < 0:
        return _refusal(event, Code.COOKED_AT_AFTER_TIME, "data.cooked_at is after time")
    if age_ms > _COOKED_WITHIN_MS:
        return _refusal(
            event, Code.COOKED_AT_TOO_EARLY, "data.cooked_at is more than 24 hours before time"
        )
    return None


def _check_case(event: CaseReported, data: CaseReportedData) -> Refusal | None:
    name = "data.onset"
    try:
        onset_ms = epoch_ms(data.onset)
        name = "data.ate_at"
        ate_ms = None if data.ate_at is UNSET else epoch_ms(data.ate_at)
    except BadInstant as error:
        return _bad_instant(event, name, error.code)
    if onset_ms > event.time_ms:
        return _refusal(event, Code.ONSET_AFTER_TIME, "data.onset is after time")
    if ate_ms is not None and ate_ms > onset_ms:
        return _refusal(event, Code.ATE_AT_AFTER_ONSET, "data.ate_at is after data.onset")
    return None


def _bad_instant(event: Event, name: str, code: Code) -> Refusal:
    return _refusal(
        event,
        code,
        f"{name} has no UTC offset"
        if code is Code.NO_OFFSET
        else f"{name} is no RFC 3339 date-time",
    )


def _refusal(event: Event, code: Code, detail: str) -> Refusal:
    return Refusal(code, detail, id=event.id, source=event.source)

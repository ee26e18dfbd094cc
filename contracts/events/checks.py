"""What of an event can only be judged with the registry and the time at hand."""

from __future__ import annotations

from typing import Final, Protocol

from msgspec import UNSET

from contracts.events.codes import Code, Refusal
from contracts.events.event_types import CaseReported, CaseReportedData, DeliveryReceived, Event
from contracts.time.instant import BadInstantError, epoch_ms
from contracts.time.windows import AHEAD_MS, ALLOWED_LATENESS_MS, GRACE_MS

_COOKED_WITHIN_MS: Final = 86_400_000

SAYING: Final = frozenset({DeliveryReceived, CaseReported})
"""Types whose `data` `check_said` looks into; of others it asks only what they supersede."""


class UnitLike(Protocol):
    """A unit's row."""

    @property
    def kind(self) -> str:
        """sppg or clinic."""


class RegistryLike(Protocol):
    """What `check` asks the registry (`contracts.registry.entities.Registry`). A day is the number of days
    since 1970-01-01, local.
    """

    def region_of_unit(self, unit_id: str) -> str | None:
        """Code of the region that has the unit."""

    def region_of_recipient(self, recipient_id: str) -> str | None:
        """Code of the region that has the recipient."""

    def local_day(self, region: str, epoch_ms: int) -> int:
        """Local day of an instant in a region that is known."""

    def unit(self, unit_id: str, day: int) -> UnitLike | None:
        """The row in force on that day."""

    def recipient(self, recipient_id: str, day: int) -> object | None:
        """The row in force on that day."""


def effective_received(stamped_ms: int | None, append_ms: int) -> int:
    """When an event counts as received: what ingest stamped, if within 2 minutes before the append
    time, else the append time. Epoch ms on the region's clock.
    """
    if stamped_ms is not None and append_ms - GRACE_MS <= stamped_ms <= append_ms:
        return stamped_ms
    return append_ms


def check(event: Event, registry: RegistryLike, received_ms: int) -> Refusal | None:
    """Why `event`, decoded and received at `received_ms`, is refused; None if it is accepted.

    The refusal's `line` is empty: the caller has it.
    """
    return check_time(event, received_ms) or check_registered(event, registry) or check_said(event)


def check_time(event: Event, received_ms: int) -> Refusal | None:
    """What `check` asks of the event's time alone."""
    time_ms = event.time_ms
    if received_ms - time_ms > ALLOWED_LATENESS_MS:
        return _refusal(event, Code.TOO_OLD, f"time {event.time} is more than 30 days behind")
    if time_ms - received_ms > AHEAD_MS:
        return _refusal(
            event,
            Code.IN_FUTURE,
            f"time {event.time} is more than 5 minutes ahead: set the device's clock",
        )
    return None


def check_registered(event: Event, registry: RegistryLike) -> Refusal | None:
    """What `check` asks of the registry: it depends on source, subject, type and local day only."""
    region, kind, unit_id = event.origin
    if registry.region_of_unit(unit_id) != region:
        return _refusal(event, Code.UNKNOWN_UNIT, f"region {region} has no unit {unit_id}")
    day = registry.local_day(region, event.time_ms)
    unit = registry.unit(unit_id, day)
    if unit is None:
        return _refusal(
            event,
            Code.UNKNOWN_UNIT,
            f"unit {unit_id} has no row in force on the local day of {event.time}",
        )
    if unit.kind != kind or event.KIND not in (None, kind):
        return _refusal(
            event,
            Code.WRONG_KIND,
            f"source says {kind}, the unit is {unit.kind}, the type is of {event.KIND or 'both'}",
        )
    recipient_id = event.subject
    if recipient_id is not None and (
        registry.region_of_recipient(recipient_id) != region
        or registry.recipient(recipient_id, day) is None
    ):
        return _refusal(
            event,
            Code.UNKNOWN_RECIPIENT,
            f"region {region} has no recipient {recipient_id} on the local day of {event.time}",
        )
    return None


def check_said(event: Event) -> Refusal | None:
    """What `check` asks of what the event says."""
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
    except BadInstantError as error:
        return _bad_instant(event, "data.cooked_at", error)
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
    except BadInstantError as error:
        return _bad_instant(event, name, error)
    if onset_ms > event.time_ms:
        return _refusal(event, Code.ONSET_AFTER_TIME, "data.onset is after time")
    if ate_ms is not None and ate_ms > onset_ms:
        return _refusal(event, Code.ATE_AT_AFTER_ONSET, "data.ate_at is after data.onset")
    return None


def _bad_instant(event: Event, name: str, error: BadInstantError) -> Refusal:
    return _refusal(event, error.code, f"{name} {error}")


def _refusal(event: Event, code: Code, detail: str) -> Refusal:
    return Refusal(code, detail, id=event.id, source=event.source)

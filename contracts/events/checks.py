"""What of an event can only be judged with the registry and the time at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from msgspec import UNSET

from contracts.events.codes import Code, Refusal
from contracts.events.event_types import (
    CaseReported,
    CasesCounted,
    DeliveryChecked,
    DeliveryReceived,
    Event,
    IllnessNoticed,
    IngredientReceived,
)
from contracts.time.instant import BadInstantError, epoch_ms
from contracts.time.windows import AHEAD_MS, ALLOWED_LATENESS_MS, GRACE_MS

_COOKED_WITHIN_MS: Final = 30 * 86_400_000


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
    return check_time(event, received_ms) or check_registered(event, registry) or check_data(event)


def check_time(event: Event, received_ms: int) -> Refusal | None:
    """What `check` asks of the event's time alone."""
    time_ms = event.time_ms
    if received_ms - time_ms > ALLOWED_LATENESS_MS:
        return _refusal(event, Code.TOO_OLD, "time is more than 30 days behind")
    if time_ms - received_ms > AHEAD_MS:
        return _refusal(
            event,
            Code.IN_FUTURE,
            "time is more than 5 minutes ahead: set the device's clock",
        )
    return None


def named_in(event: Event) -> str | None:
    """The recipient, or of a checked delivery the kitchen, that an event names besides its source."""
    return event.data.kitchen if type(event) is DeliveryChecked else event.subject


def check_registered(event: Event, registry: RegistryLike) -> Refusal | None:
    """What `check` asks of the registry: it depends on source, `named_in`, type and local day only."""
    region, kind, _ = event.origin
    check_source = _check_recipient_source if kind == "recipient" else _check_unit_source
    refusal = check_source(event, registry)
    if refusal is not None:
        return refusal
    if event.KIND not in (None, kind):
        detail = f"type: is of {event.KIND}, the source is of {kind}"
        return _refusal(event, Code.WRONG_KIND, detail)
    day = registry.local_day(region, event.time_ms)
    if type(event) is DeliveryChecked:
        return _check_kitchen(event, registry, day)
    if event.subject is not None and not _has_recipient(registry, region, event.subject, day):
        detail = f"subject: region {region} has no such recipient on the local day of time"
        return _refusal(event, Code.UNKNOWN_RECIPIENT, detail)
    return None


def _check_unit_source(event: Event, registry: RegistryLike) -> Refusal | None:
    region, kind, unit_id = event.origin
    unit = None
    # A region that is not known has no local day.
    if registry.region_of_unit(unit_id) == region:
        unit = registry.unit(unit_id, registry.local_day(region, event.time_ms))
    if unit is None:
        detail = "source: the region has no such unit on the local day of time"
        return _refusal(event, Code.UNKNOWN_UNIT, detail)
    if unit.kind != kind:
        return _refusal(
            event, Code.WRONG_KIND, f"source: names a {kind}, the unit is a {unit.kind}"
        )
    return None


def _check_recipient_source(event: Event, registry: RegistryLike) -> Refusal | None:
    region, _, recipient_id = event.origin
    if registry.region_of_recipient(recipient_id) == region and _has_recipient(
        registry, region, recipient_id, registry.local_day(region, event.time_ms)
    ):
        return None
    detail = "source: the region has no such recipient on the local day of time"
    return _refusal(event, Code.UNKNOWN_RECIPIENT, detail)


def _has_recipient(registry: RegistryLike, region: str, recipient_id: str, day: int) -> bool:
    return (
        registry.region_of_recipient(recipient_id) == region
        and registry.recipient(recipient_id, day) is not None
    )


def _check_kitchen(event: DeliveryChecked, registry: RegistryLike, day: int) -> Refusal | None:
    kitchen_id = event.data.kitchen
    kitchen = None
    if registry.region_of_unit(kitchen_id) == event.origin.region:
        kitchen = registry.unit(kitchen_id, day)
    if kitchen is None:
        detail = "data.kitchen: the region has no such unit on the local day of time"
        return _refusal(event, Code.UNKNOWN_UNIT, detail)
    if kitchen.kind != "sppg":
        return _refusal(event, Code.WRONG_KIND, "data.kitchen: the unit is no kitchen")
    return None


def check_data(event: Event) -> Refusal | None:
    """What `check` asks of what the event itself holds."""
    if event.supersedes == event.id:
        return _refusal(event, Code.SELF_SUPERSEDING, "supersedes names the event itself")
    checked = _CHECK_OF.get(type(event))
    if checked is None:
        return None
    try:
        return checked(event)
    except BadInstantError as error:
        return _bad_instant(event, error)


def _bad_instant(event: Event, error: BadInstantError) -> Refusal:
    """Which of the times in `data` is none: searched only once one of them has failed."""
    for name in ("cooked_at", "onset", "ate_at", "made_at", "since"):
        text = getattr(event.data, name, UNSET)
        if text is not UNSET:
            try:
                epoch_ms(text)
            except BadInstantError as found:
                return _refusal(event, found.code, f"data.{name} {found}")
    return _refusal(event, error.code, f"data: a time {error}")


def _check_delivery(event: DeliveryReceived) -> Refusal | None:
    cooked_at = event.data.cooked_at
    if cooked_at is UNSET:
        if event.data.package in (UNSET, "fresh"):
            return _refusal(
                event, Code.MISSING_FIELD, "data.cooked_at is missing: fresh food has one"
            )
        return None
    age_ms = event.time_ms - epoch_ms(cooked_at)
    if age_ms < 0:
        return _refusal(event, Code.COOKED_AT_AFTER_TIME, "data.cooked_at is after time")
    if age_ms > _COOKED_WITHIN_MS:
        detail = "data.cooked_at is more than 30 days before time"
        return _refusal(event, Code.COOKED_AT_TOO_EARLY, detail)
    return None


def _check_case(event: CaseReported) -> Refusal | None:
    data = event.data
    onset_ms = epoch_ms(data.onset)
    ate_ms = None if data.ate_at is UNSET else epoch_ms(data.ate_at)
    if onset_ms > event.time_ms:
        return _refusal(event, Code.ONSET_AFTER_TIME, "data.onset is after time")
    if ate_ms is not None and ate_ms > onset_ms:
        return _refusal(event, Code.ATE_AT_AFTER_ONSET, "data.ate_at is after data.onset")
    return None


def _check_ingredient(event: IngredientReceived) -> Refusal | None:
    made_at = event.data.made_at
    if made_at is not UNSET and epoch_ms(made_at) > event.time_ms:
        return _refusal(event, Code.MADE_AT_AFTER_TIME, "data.made_at is after time")
    return None


def _check_since(event: CasesCounted | IllnessNoticed) -> Refusal | None:
    if epoch_ms(event.data.since) > event.time_ms:
        return _refusal(event, Code.SINCE_AFTER_TIME, "data.since is after time")
    return None


_CHECK_OF: Final[dict[type[Event], Callable[[Any], Refusal | None]]] = {
    DeliveryReceived: _check_delivery,
    CaseReported: _check_case,
    IngredientReceived: _check_ingredient,
    CasesCounted: _check_since,
    IllnessNoticed: _check_since,
}
DATA_CHECKED: Final = frozenset(_CHECK_OF)
"""Types whose `data` `check_data` reads; of others it asks only what they supersede."""


def _refusal(event: Event, code: Code, detail: str) -> Refusal:
    return Refusal(code, detail, id=event.id, source=event.source)

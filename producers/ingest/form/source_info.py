"""`GET /v1/source`: what the registry says today of the source that a token stands for."""

from __future__ import annotations

import msgspec

from contracts.registry.entities import Recipient, Registry, ServiceDay, Unit
from contracts.time.clock import Clock, rfc3339
from contracts.time.days import day_to_iso


class NearbyRecipient(msgspec.Struct):
    """Whom a kitchen feeds, or who lies in the kecamatan of a clinic.

    `registered`: of the groups served today; `not_served`: {group: why} of the others, an empty reason where the
    weekday is none of service. `meal_time`: HH:MM.
    """

    id: str
    name: str
    kind: str
    meal_time: str
    registered: dict[str, int]
    not_served: dict[str, str]


class NamedUnit(msgspec.Struct):
    """A unit by its name."""

    id: str
    name: str


class SourceAnswer(msgspec.Struct):
    """`kind`: sppg, clinic or recipient; `now`: the region's clock, which runs `clock_factor` times as fast as the
    machine's; `day`: the local day that `registered` and `not_served` are of; `kitchen`: of a recipient; `day_closes`: HH:MM,
    from then on the form asks for a reason of each correction of that local day.
    """

    source: str
    kind: str
    id: str
    name: str
    region: str
    region_name: str
    timezone: str
    now: str
    clock_factor: float
    day: str
    synthetic: bool
    recipient: NearbyRecipient | None
    kitchen: NamedUnit | None
    recipients: list[NearbyRecipient]
    day_closes: str


def source_answer(registry: Registry, clock: Clock, source_id: str) -> SourceAnswer | None:
    """None for a source that has no row in force today."""
    region = registry.region_of_source(source_id)
    if region is None:
        return None
    now_ms = clock.now_ms()
    day = registry.local_day(region, now_ms)
    row = registry.unit(source_id, day) or registry.recipient(source_id, day)
    if row is None:
        return None
    facts, service = registry.region(region), registry.service(region, day)
    kind = row.kind if isinstance(row, Unit) else "recipient"
    return SourceAnswer(
        source=f"/{region}/{kind}/{source_id}",
        kind=kind,
        id=source_id,
        name=row.name,
        region=region,
        region_name=facts.name,
        timezone=facts.timezone,
        now=rfc3339(now_ms),
        clock_factor=clock.factor,
        day=day_to_iso(day),
        synthetic=row.synthetic,
        recipient=_nearby(service, row) if isinstance(row, Recipient) else None,
        kitchen=_kitchen(registry, row.unit_id, day) if isinstance(row, Recipient) else None,
        recipients=_recipients(registry, region, day, row),
        day_closes=_clock(facts.day_closes),
    )


def _recipients(
    registry: Registry, region: str, day: int, row: Unit | Recipient
) -> list[NearbyRecipient]:
    if isinstance(row, Recipient):
        return []
    if row.kind == "sppg":
        found = registry.recipients_of_kitchen(row.unit_id, day)
    else:
        in_force = registry.recipients_in_force(region, day).values()
        # A clinic outside the region has no kecamatan: it sees people of all.
        found = tuple(one for one in in_force if row.kecamatan in ("", one.kecamatan))
    service = registry.service(region, day)
    active = [one for one in found if one.status == "active"]
    return [
        _nearby(service, one) for one in sorted(active, key=lambda one: (one.meal_time, one.name))
    ]


def _nearby(service: ServiceDay, one: Recipient) -> NearbyRecipient:
    return NearbyRecipient(
        one.recipient_id,
        one.name,
        one.kind,
        _clock(one.meal_time),
        service.registered.get(one.recipient_id, {}),
        service.not_served.get(one.recipient_id, {}),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _kitchen(registry: Registry, unit_id: str, day: int) -> NamedUnit | None:
    unit = registry.unit(unit_id, day)
    return None if unit is None else NamedUnit(unit.unit_id, unit.name)

"""The registry's records: a region's rows, for the views `regions`, `units` and `recipients`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from contracts.registry.entities import Recipient, Region, RegionRegistry, Unit
from contracts.results.topics import (
    REGISTRY_CHANGE,
    control_of,
)
from contracts.time.clock import Clock
from contracts.time.days import Zone, day_to_iso
from sinks.batch import ConsumedRecord, LinePlace, Reject, TableBatch, TableRow
from storage.schema import GROUPS

_ENCODER: Final = msgspec.json.Encoder()


class RegistryTables:
    """Turns signed registry records into rows. `key` is the installation's."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def land(self, record: ConsumedRecord, batch: TableBatch) -> None:
        """Add the rows of one region; a record that is not Pantau's own is a reject."""
        value = record.value
        if value is None:
            return
        place = LinePlace(record.topic, record.partition, record.offset, 0)
        if control_of(self._key, record.headers, value) != REGISTRY_CHANGE:
            reason = "the registry record is not signed with this installation's key: it is ignored"
            batch.rejects.append(Reject(place, "registry_regions", reason, value))
            return
        try:
            registry = RegionRegistry.decode(value)
        except msgspec.DecodeError as error:
            batch.rejects.append(
                Reject(place, "registry_regions", f"signed, but no registry: {error}", value)
            )
            return
        offset_s = (
            Zone(registry.region.timezone).offset_ms(self._clock.at(record.timestamp)) // 1000
        )
        for index, (table, row) in enumerate(_rows(registry)):
            row |= {"utc_offset_s": offset_s, "revision": record.offset}
            batch.add(table, TableRow(place._replace(line=index), _ENCODER.encode(row)))


def _rows(registry: RegionRegistry) -> Iterator[tuple[str, dict[str, Any]]]:
    region = registry.region
    yield "registry_regions", _region(region)
    for unit in registry.units:
        yield "registry_units", _unit(region.code, unit)
    for recipient in registry.recipients:
        yield "registry_recipients", _recipient(region.code, recipient)


def _region(region: Region) -> dict[str, Any]:
    return {
        "region": region.code,
        "code": region.code,
        "name": region.name,
        "province": region.province,
        "timezone": region.timezone,
        "service_weekdays": region.service_weekdays,
        "holidays": [day_to_iso(day) for day in region.holidays],
        "kecamatan": [{"code": one.code, "name": one.name} for one in region.kecamatan],
    }


def _unit(region: str, unit: Unit) -> dict[str, Any]:
    until = unit.slhs_valid_until
    return _place(region, unit) | {
        "unit_id": unit.unit_id,
        "opens": _hhmm(unit.opens),
        "closes": _hhmm(unit.closes),
        "capacity": unit.capacity,
        "slhs_valid_until": None if until is None else day_to_iso(until),
        "registered_children": unit.registered_children,
    }


def _recipient(region: str, recipient: Recipient) -> dict[str, Any]:
    registered = {group: recipient.registered.get(group, 0) for group in GROUPS}
    return _place(region, recipient) | registered | {
        "recipient_id": recipient.recipient_id,
        "unit_id": recipient.unit_id,
        "meal_time": _hhmm(recipient.meal_time),
    }  # fmt: skip


def _place(region: str, one: Unit | Recipient) -> dict[str, Any]:
    """Columns that units and recipients share."""
    return {
        "region": region,
        "kind": one.kind,
        "name": one.name,
        "kecamatan": one.kecamatan,
        "lon": one.lon,
        "lat": one.lat,
        "status": one.status,
        "valid_from": day_to_iso(one.valid_from),
        "synthetic": int(one.synthetic),
    }


def _hhmm(minute: int) -> str:
    """375 -> `06:15`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"

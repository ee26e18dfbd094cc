"""The registry's records: a region's rows, for the views `regions`, `units` and `recipients`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chassis.kafka.interface import ConsumedRecord
from contracts.registry.entities import Recipient, Region, RegionRegistry, Unit
from contracts.registry.region_rows import CalendarRow
from contracts.results.table_rows import encode_row
from contracts.results.tables import Table
from contracts.results.topics import (
    REGISTRY_CHANGE,
    control_of,
)
from contracts.time.clock import Clock
from contracts.time.days import Zone, day_to_iso
from contracts.unreadable import UNREADABLE
from sinks.batch import LinePlace, Reject, TableBatch, TableRow
from storage.schema import CALENDAR, RECIPIENTS, REGIONS, UNITS
from storage.stored_rows import CalendarLine, RecipientRow, RegionRow, UnitRow


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
        if control_of(self._key, record) != REGISTRY_CHANGE:
            reason = "the registry record is not signed with this installation's key: it is ignored"
            batch.rejects.append(Reject(place, REGIONS.name, reason, value))
            return
        try:
            registry = RegionRegistry.decode(value)
        except UNREADABLE as error:
            batch.rejects.append(
                Reject(place, REGIONS.name, f"signed, but no registry: {error}", value)
            )
            return
        offset_s = (
            Zone(registry.region.timezone).offset_ms(self._clock.at(record.timestamp)) // 1000
        )
        for index, (table, row) in enumerate(_rows(registry, offset_s, record.offset)):
            batch.add(
                table.name, TableRow(msgspec.structs.replace(place, line=index), encode_row(row))
            )


def _rows(
    registry: RegionRegistry, offset_s: int, revision: int
) -> Iterator[tuple[Table, msgspec.Struct]]:
    """The rows of one record: `offset_s` the zone's, `revision` the record's offset."""
    region = registry.region
    yield REGIONS, _region(region, offset_s, revision)
    for unit in registry.units:
        yield UNITS, _unit(region.code, unit, offset_s, revision)
    for recipient in registry.recipients:
        yield RECIPIENTS, _recipient(region.code, recipient, offset_s, revision)
    for number, line in enumerate(registry.calendar, 1):
        yield CALENDAR, _calendar(region.code, number, line, revision)


def _region(region: Region, offset_s: int, revision: int) -> RegionRow:
    return RegionRow(
        region=region.code,
        code=region.code,
        name=region.name,
        province=region.province,
        timezone=region.timezone,
        service_weekdays=region.service_weekdays,
        holidays=[day_to_iso(day) for day in region.holidays],
        kecamatan=region.kecamatan,
        utc_offset_s=offset_s,
        revision=revision,
    )


def _unit(region: str, unit: Unit, offset_s: int, revision: int) -> UnitRow:
    until = unit.slhs_valid_until
    return UnitRow(
        region=region,
        unit_id=unit.unit_id,
        kind=unit.kind,
        name=unit.name,
        kecamatan=unit.kecamatan,
        lon=unit.lon,
        lat=unit.lat,
        opens=_hhmm(unit.opens),
        closes=_hhmm(unit.closes),
        capacity=unit.capacity,
        slhs_valid_until=None if until is None else day_to_iso(until),
        registered_children=unit.registered_children,
        status=unit.status,
        valid_from=day_to_iso(unit.valid_from),
        synthetic=int(unit.synthetic),
        bgn_id=unit.bgn_id,
        status_reason=unit.status_reason,
        status_letter=unit.status_letter,
        utc_offset_s=offset_s,
        revision=revision,
    )


def _recipient(region: str, recipient: Recipient, offset_s: int, revision: int) -> RecipientRow:
    registered = recipient.registered.get
    return RecipientRow(
        region=region,
        recipient_id=recipient.recipient_id,
        name=recipient.name,
        kind=recipient.kind,
        kecamatan=recipient.kecamatan,
        lon=recipient.lon,
        lat=recipient.lat,
        unit_id=recipient.unit_id,
        meal_time=_hhmm(recipient.meal_time),
        paud=registered("paud", 0),
        sd=registered("sd", 0),
        smp=registered("smp", 0),
        sma=registered("sma", 0),
        santri=registered("santri", 0),
        guru=registered("guru", 0),
        bumil=registered("bumil", 0),
        busui=registered("busui", 0),
        balita=registered("balita", 0),
        status=recipient.status,
        valid_from=day_to_iso(recipient.valid_from),
        synthetic=int(recipient.synthetic),
        utc_offset_s=offset_s,
        revision=revision,
    )


def _calendar(region: str, number: int, line: CalendarRow, revision: int) -> CalendarLine:
    return CalendarLine(
        region=region,
        number=number,
        first_day=day_to_iso(line.first),
        last_day=day_to_iso(line.last),
        scope=line.scope,
        groups=line.groups,
        served=int(line.served),
        reason=line.reason,
        revision=revision,
    )


def _hhmm(minute: int) -> str:
    """375 -> `06:15`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"

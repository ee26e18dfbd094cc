"""Rows that the sink makes itself: the lines of the event topics, the registry, and what it sets aside."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from contracts.registry.region_rows import Kecamatan
from contracts.results.columns import (
    Count,
    Day,
    Degrees,
    Flag,
    Label,
    MaybeDay,
    Moment,
    RegionCode,
    Signed32,
    Signed64,
    Small,
    Stored,
    String,
)
from contracts.results.event_data import DATA_TYPE

_EPOCH = "1970-01-01T00:00:00Z"

LineTopic = Annotated[Label, "Kafka topic of the line"]
LinePartition = Annotated[Signed32, "Kafka partition"]
LineOffset = Annotated[Signed64, "Kafka offset"]
LineNumber = Annotated[Small, "Line in the record, from 0"]
Longitude = Annotated[Degrees, "Longitude, degrees east (WGS 84)"]
Latitude = Annotated[Degrees, "Latitude, degrees north (WGS 84)"]
KecamatanCode = Annotated[Label, "Code of its kecamatan"]
Status = Annotated[Label, "active, suspended or closed"]
ValidFrom = Annotated[Day, "Local day from which this row is in force"]
Synthetic = Annotated[Flag, "1 if invented: from no open source"]
UtcOffset = Annotated[Signed32, "Seconds that the region's local time is ahead of UTC"]
RecordOffset = Annotated[Count, "Offset of the registry record"]
Registered = Annotated[Small, "Registered people of group {name}"]


class RawLine(msgspec.Struct, kw_only=True, gc=False):
    """Table `raw_lines`: a line of an event topic; of one that is no event only its place and `value` are filled. Times are RFC 3339."""

    topic: LineTopic
    partition: LinePartition
    offset: LineOffset
    line: LineNumber
    append_at: Annotated[Moment, "Broker's append time on the region's clock"]
    parsed: Annotated[
        Flag, "1 if the line is well formed as an event; the columns below are empty otherwise"
    ] = 0
    region: RegionCode = ""
    unit_kind: Annotated[Label, "sppg or clinic, from the source"] = ""
    unit_id: Annotated[String, "Unit, from the source"] = ""
    source: Annotated[String, "Source of the event"] = ""
    id: Annotated[String, "Id of the event"] = ""
    type: Annotated[Label, "Type of the event"] = ""
    subject: Annotated[String, "Recipient, or empty"] = ""
    time: Annotated[Moment, "When it happened"] = _EPOCH
    recorded_at: Annotated[Moment, "When the statement was made; `time` if not said"] = _EPOCH
    received_at: Annotated[
        Moment,
        "When ingest accepted it, as stamped within 2 minutes before the append time; the append time otherwise",
    ] = _EPOCH
    supersedes: Annotated[String, "Id of the event it corrects, or empty"] = ""
    data: Annotated[Any, Stored(DATA_TYPE), "Data of the event, without pseudonyms"] = {}
    person: Annotated[String, "Pseudonym (hex32) of the child, mother or patient, or empty"] = ""
    value: Annotated[String, "The line as it came; of a refused one with NIK digits replaced by #"]


class RegionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `registry_regions`."""

    region: RegionCode
    code: Annotated[Label, "Region code, the same as `region`"]
    name: Annotated[String, "Name of the kabupaten or kota"]
    province: Annotated[String, "Name of the province"]
    timezone: Annotated[Label, "Time zone, e.g. Asia/Jakarta"]
    service_weekdays: Annotated[
        tuple[int, ...], Stored("Array(UInt8)"), "Weekdays on which meals are served, 1 = Monday"
    ]
    holidays: Annotated[list[str], Stored("Array(Date)"), "Local days without service"]
    kecamatan: Annotated[
        tuple[Kecamatan, ...],
        Stored("Array(Tuple(code String, name String))"),
        "Its kecamatan: code and name",
    ]
    utc_offset_s: UtcOffset
    revision: RecordOffset


class UnitRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `registry_units`: a row of units.csv."""

    region: RegionCode
    unit_id: Annotated[String, "Id of the unit"]
    kind: Annotated[Label, "sppg (kitchen) or clinic"]
    name: Annotated[String, "Name of the unit"]
    kecamatan: KecamatanCode
    lon: Longitude
    lat: Latitude
    opens: Annotated[String, "Local time of day at which its hours begin, HH:MM"]
    closes: Annotated[
        String, "Local time of day at which its hours end, HH:MM; before `opens`: over midnight"
    ]
    capacity: Annotated[Small, "Portions a day that a kitchen may cook; 0 for a clinic"]
    slhs_valid_until: Annotated[MaybeDay, "Last day of the hygiene certificate (SLHS), if known"]
    registered_children: Annotated[Small, "Children registered at a clinic; 0 for a kitchen"]
    status: Status
    valid_from: ValidFrom
    synthetic: Synthetic
    bgn_id: Annotated[String, "The programme's own id of a kitchen, or empty"]
    status_reason: Annotated[String, "Why its status is what it is, or empty"]
    status_letter: Annotated[String, "Number of the letter that says so, or empty"]
    utc_offset_s: UtcOffset
    revision: RecordOffset


class RecipientRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `registry_recipients`: a row of recipients.csv."""

    region: RegionCode
    recipient_id: Annotated[String, "Id of the recipient, e.g. npsn:20208123"]
    name: Annotated[String, "Name of the recipient"]
    kind: Annotated[Label, "Kind of recipient, e.g. sd, pesantren or posyandu"]
    kecamatan: KecamatanCode
    lon: Longitude
    lat: Latitude
    unit_id: Annotated[String, "The kitchen that serves it"]
    meal_time: Annotated[String, "Local time of day by which the meal must be there, HH:MM"]
    paud: Registered
    sd: Registered
    smp: Registered
    sma: Registered
    santri: Registered
    guru: Registered
    bumil: Registered
    busui: Registered
    balita: Registered
    status: Status
    valid_from: ValidFrom
    synthetic: Synthetic
    utc_offset_s: UtcOffset
    revision: RecordOffset


class CalendarLine(msgspec.Struct, kw_only=True, gc=False):
    """Table `registry_calendar`: a line of calendar.csv."""

    region: RegionCode
    number: Annotated[Small, "Line of the file, from 1: of two alike the later counts"]
    first_day: Annotated[Day, "First local day, inclusive"]
    last_day: Annotated[Day, "Last local day, inclusive"]
    scope: Annotated[String, "A kecamatan, kitchen or recipient; empty: the region"]
    groups: Annotated[tuple[str, ...], Stored("Array(String)"), "Groups; empty: all"]
    served: Annotated[Flag, "1 if meals are served, 0 if not"]
    reason: Annotated[String, "Why, as shown on screen"]
    revision: RecordOffset


class RejectRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `sink_rejects`: a line that could not be inserted where it belongs."""

    topic: LineTopic
    partition: LinePartition
    offset: LineOffset
    line: LineNumber
    table: Annotated[Label, "Storage table that it was meant for, as far as known"]
    reason: Annotated[String, "Why it could not be inserted"]
    value: Annotated[String, "The line, NIK digits replaced by #"]
    rejected_at: Annotated[Moment, "Region's clock when it was set aside"]

"""Storage tables of the sink: `contracts.results.tables`, raw lines, the registry, lines set aside.

What they are to be. Migrations lead there: `pantau schema next` prints the statements of the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from contracts.events.event_types import HEX32_FIELDS, Group
from contracts.results.public_rows import REGION, Column
from contracts.results.tables import TABLES, Table
from storage.same_event import CONTENT, KEY

STORE: Final = "pantau_store"
"""Database of the storage tables; analysts cannot read it."""

GROUPS: Final[tuple[str, ...]] = get_args(Group)
PERSON_FIELDS: Final = tuple(sorted(HEX32_FIELDS))
"""Fields of `data` that hold a pseudonym: kept apart, where analysts cannot read them."""

_MOMENT: Final = "DateTime64(3, 'UTC')"

_TEXT_PATHS: Final = (
    *("batch", "trip", "point", "sensor", "test", "kind", "note"),
    *("sex", "posture", "antigen", "syndrome", "outcome", "version", "reason"),
)
_DECIMAL_PATHS: Final = (
    *("core_temp_c", "temp_c", "weight_kg", "height_cm", "hb_g_dl", "battery_pct"),
)
_INTEGER_PATHS: Final = (
    *("portions", "leftover_g", "severity", "age_days", "age_years", "dose", "visit", "outbox"),
)
_MOMENT_PATHS: Final = ("cooked_at", "onset", "ate_at")
_LIST_PATHS: Final = ("batches", "symptoms")

DATA_PATHS: Final[dict[str, str]] = {
    **dict.fromkeys(_TEXT_PATHS, "Nullable(String)"),
    **dict.fromkeys(_DECIMAL_PATHS, "Nullable(Float64)"),
    **dict.fromkeys(_INTEGER_PATHS, "Nullable(UInt64)"),
    **dict.fromkeys((f"eaten.{group}" for group in GROUPS), "Nullable(UInt64)"),
    **dict.fromkeys(_MOMENT_PATHS, f"Nullable({_MOMENT})"),
    **dict.fromkeys(_LIST_PATHS, "Array(String)"),
    "passed": "Nullable(Bool)",
}
"""Typed paths of an event's `data`. A scalar is null where absent: no temperature is not 0."""

DATA_TYPE: Final = (
    "JSON("
    + ", ".join(f"{path} {kind}" for path, kind in DATA_PATHS.items())
    + "".join(f", SKIP {field}" for field in PERSON_FIELDS)
    + ")"
)

_LINE: Final = (
    Column("topic", "LowCardinality(String)", "Kafka topic of the line"),
    Column("partition", "Int32", "Kafka partition"),
    Column("offset", "Int64", "Kafka offset"),
    Column("line", "UInt32", "Line in the record, from 0"),
)

RAW_LINES: Final = Table(
    "raw_lines",
    (
        *_LINE,
        Column("append_at", _MOMENT, "Broker's append time on the region's clock"),
        Column(
            "parsed",
            "UInt8",
            "1 if the line is well formed as an event; the columns below are empty otherwise",
        ),
        REGION,
        Column("unit_kind", "LowCardinality(String)", "sppg or clinic, from the source"),
        Column("unit_id", "String", "Unit, from the source"),
        Column("source", "String", "Source of the event"),
        Column("id", "String", "Id of the event"),
        Column("type", "LowCardinality(String)", "Type of the event"),
        Column("subject", "String", "Recipient, or empty"),
        Column("time", _MOMENT, "When it happened"),
        Column("recorded_at", _MOMENT, "When the statement was made; `time` if not said"),
        Column(
            "received_at",
            _MOMENT,
            "When ingest accepted it, as stamped within 2 minutes before the append time; "
            "the append time otherwise",
        ),
        Column("supersedes", "String", "Id of the event it corrects, or empty"),
        Column("data", DATA_TYPE, "Data of the event, without pseudonyms"),
        Column("person", "String", "Pseudonym (hex32) of the child, mother or patient, or empty"),
        Column(
            "value", "String", "The line as it came; of a refused one with NIK digits replaced by #"
        ),
    ),
    ("topic", "partition", "offset", "line"),
)

_REGISTRY_VERSION: Final = (
    Column("utc_offset_s", "Int32", "Seconds that the region's local time is ahead of UTC"),
    Column("revision", "UInt64", "Offset of the registry record"),
)
_PLACE_COLUMNS: Final = (
    Column("kecamatan", "LowCardinality(String)", "Code of its kecamatan"),
    Column("lon", "Float64", "Longitude, degrees east (WGS 84)"),
    Column("lat", "Float64", "Latitude, degrees north (WGS 84)"),
)
_IN_FORCE: Final = (
    Column("status", "LowCardinality(String)", "active, suspended or closed"),
    Column("valid_from", "Date", "Local day from which this row is in force"),
    Column("synthetic", "UInt8", "1 if invented: from no open source"),
)
REGION_COLUMNS: Final = (
    REGION,
    Column("code", "LowCardinality(String)", "Region code, the same as `region`"),
    Column("name", "String", "Name of the kabupaten or kota"),
    Column("province", "String", "Name of the province"),
    Column("timezone", "LowCardinality(String)", "Time zone, e.g. Asia/Jakarta"),
    Column("service_weekdays", "Array(UInt8)", "Weekdays on which meals are served, 1 = Monday"),
    Column("holidays", "Array(Date)", "Local days without service"),
    Column("kecamatan", "Array(Tuple(code String, name String))", "Its kecamatan: code and name"),
)
UNIT_COLUMNS: Final = (
    REGION,
    Column("unit_id", "String", "Id of the unit"),
    Column("kind", "LowCardinality(String)", "sppg (kitchen) or clinic"),
    Column("name", "String", "Name of the unit"),
    *_PLACE_COLUMNS,
    Column("opens", "String", "Local time of day at which its hours begin, HH:MM"),
    Column(
        "closes",
        "String",
        "Local time of day at which its hours end, HH:MM; before `opens`: over midnight",
    ),
    Column("capacity", "UInt32", "Portions a day that a kitchen may cook; 0 for a clinic"),
    Column(
        "slhs_valid_until", "Nullable(Date)", "Last day of the hygiene certificate (SLHS), if known"
    ),
    Column("registered_children", "UInt32", "Children registered at a clinic; 0 for a kitchen"),
    *_IN_FORCE,
)
RECIPIENT_COLUMNS: Final = (
    REGION,
    Column("recipient_id", "String", "Id of the recipient, e.g. npsn:20208123"),
    Column("name", "String", "Name of the recipient"),
    Column("kind", "LowCardinality(String)", "Kind of recipient, e.g. sd, pesantren or posyandu"),
    *_PLACE_COLUMNS,
    Column("unit_id", "String", "The kitchen that serves it"),
    Column("meal_time", "String", "Local time of day by which the meal must be there, HH:MM"),
    *(Column(group, "UInt32", f"Registered people of group {group}") for group in GROUPS),
    *_IN_FORCE,
)

REJECTS: Final = Table(
    "sink_rejects",
    (
        *_LINE,
        Column(
            "table",
            "LowCardinality(String)",
            "Storage table that it was meant for, as far as known",
        ),
        Column("reason", "String", "Why it could not be inserted"),
        Column("value", "String", "The line, NIK digits replaced by #"),
        Column("rejected_at", _MOMENT, "Region's clock when it was set aside"),
    ),
    ("topic", "partition", "offset", "line"),
    "rejected_at",
)


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage table and its layout. `order`, `partition`: SQL; key and `order` fix each other.

    `computed`: columns that ClickHouse fills itself when a row comes in; `SELECT *` does not show them.
    """

    table: Table
    comment: str
    order: str = ""
    partition: str = ""
    indexes: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()


_BY_DAY: Final = "toYYYYMM(day)"
# A row's window_end fixes its day. Days lie together: most questions are about some of them, and
# FINAL merges no more than what a condition on the key leaves.
_ROW_ORDER: Final = "(`region`, `day`, `level`, `window`, `area_id`, `window_end`{})"

STORAGE: Final = (
    Storage(
        TABLES["performance"], "Rows of performance by revision", _ROW_ORDER.format(""), _BY_DAY
    ),
    Storage(
        TABLES["coverage"], "Rows of coverage by revision", _ROW_ORDER.format(", `group`"), _BY_DAY
    ),
    Storage(
        TABLES["clinic_coverage"],
        "Rows of clinic_coverage by revision",
        _ROW_ORDER.format(""),
        _BY_DAY,
    ),
    Storage(TABLES["exceptions"], "Lines of the event topics that are no event of their own"),
    Storage(
        TABLES["event_status"],
        "What corrections made of an event, where it differs from the default",
    ),
    Storage(TABLES["positions"], "How far each stage has come"),
    Storage(TABLES["dead_letters"], "Letters with their bytes, for operators"),
    Storage(TABLES["alert_changes"], "Every change of every alert"),
    # A line's place fixes its columns: the wider order dedupes by place, yet finds day, type and unit.
    # Most lines of a day are heartbeats and readings: who asks for another type reads none of them.
    Storage(
        RAW_LINES,
        "Every line of the event topics",
        "(toDate(`time`), `region`, `type`, `unit_id`, `time`, `topic`, `partition`, `offset`, `line`)",
        "toYYYYMM(append_at)",
        # A span of `time` is not taken as a span of toDate(`time`) by this ClickHouse.
        ("`time_span` `time` TYPE minmax GRANULARITY 1",),
        (
            f"`event_key` UInt64 MATERIALIZED {KEY} COMMENT 'The identity (source, id) as a number'",
            f"`content` UInt64 MATERIALIZED if(`parsed`, {CONTENT}, 0) "
            "COMMENT 'What it says as a number: the same for equal copies'",
        ),
    ),
    Storage(
        Table("registry_regions", (*REGION_COLUMNS, *_REGISTRY_VERSION), ("region",), "revision"),
        "Regions, newest record",
    ),
    Storage(
        Table(
            "registry_units",
            (*UNIT_COLUMNS, *_REGISTRY_VERSION),
            ("region", "unit_id", "valid_from"),
            "revision",
        ),
        "All rows of units.csv",
    ),
    Storage(
        Table(
            "registry_recipients",
            (*RECIPIENT_COLUMNS, *_REGISTRY_VERSION),
            ("region", "recipient_id", "valid_from"),
            "revision",
        ),
        "All rows of recipients.csv",
    ),
    Storage(REJECTS, "Lines that could not be inserted where they belong: none is dropped"),
)
SINK_TABLES: Final = {storage.table.name: storage.table for storage in STORAGE}

_CODECS: Final = {"value": "ZSTD(1)", "bytes": "ZSTD(1)"}


def text(value: str) -> str:
    """`value` as a SQL string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def column_sql(column: Column, codec: bool = False) -> str:
    """One column of a CREATE statement, with its comment."""
    packed = f" CODEC({_CODECS[column.name]})" if codec and column.name in _CODECS else ""
    return f"    `{column.name}` {column.type} COMMENT {text(column.doc)}{packed}"


def table_sql(storage: Storage) -> str:
    """CREATE TABLE of one storage table, without the semicolon."""
    table = storage.table
    parts = [column_sql(column, codec=True) for column in table.columns]
    parts += [f"    {column}" for column in storage.computed]
    parts += [f"    INDEX {index}" for index in storage.indexes]
    columns = ",\n".join(parts)
    version = f"(`{table.version}`)" if table.version else ""
    order = storage.order or "(" + ", ".join(f"`{name}`" for name in table.key) + ")"
    partition = f"PARTITION BY {storage.partition}\n" if storage.partition else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {STORE}.{table.name}\n(\n{columns}\n)\n"
        f"ENGINE = ReplacingMergeTree{version}\n{partition}ORDER BY {order}\n"
        f"COMMENT {text(storage.comment)}"
    )

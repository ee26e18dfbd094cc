"""Storage tables: `contracts.results.tables`, and those that the sink fills by itself, each with its layout.

What they are to be. Migrations lead there: `pantau schema next` prints the statements of the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.results.columns import Column, columns_of
from contracts.results.databases import STORE_DATABASE
from contracts.results.tables import TABLES, Table
from storage import stored_rows
from storage.same_event import CONTENT, KEY

STORE: Final = STORE_DATABASE

_PLACE: Final = ("topic", "partition", "offset", "line")
RAW_LINES: Final = Table("raw_lines", columns_of(stored_rows.RawLine), _PLACE)
REGIONS: Final = Table(
    "registry_regions", columns_of(stored_rows.RegionRow), ("region",), "revision"
)
UNITS: Final = Table(
    "registry_units",
    columns_of(stored_rows.UnitRow),
    ("region", "unit_id", "valid_from"),
    "revision",
)
RECIPIENTS: Final = Table(
    "registry_recipients",
    columns_of(stored_rows.RecipientRow),
    ("region", "recipient_id", "valid_from"),
    "revision",
)
CALENDAR: Final = Table(
    "registry_calendar", columns_of(stored_rows.CalendarLine), ("region", "number"), "revision"
)
REJECTS: Final = Table("sink_rejects", columns_of(stored_rows.RejectRow), _PLACE, "rejected_at")


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
    Storage(TABLES["reception"], "Rows of reception by revision", _ROW_ORDER.format(""), _BY_DAY),
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
    Storage(TABLES["letter_actions"], "What operators did with dead letters"),
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
    Storage(REGIONS, "Regions, newest record"),
    Storage(UNITS, "All rows of units.csv"),
    Storage(RECIPIENTS, "All rows of recipients.csv"),
    Storage(CALENDAR, "All lines of calendar.csv"),
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

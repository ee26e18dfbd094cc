"""Storage tables that are fed by table lines: what streams (and ingest, for dead letters) tell the sink. Columns defined once.

Each table keeps one current row an identity (`key`), the greatest `version` winning; the sink inserts lines as they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.results.public_rows import CLINIC_COVERAGE, COVERAGE, PERFORMANCE, REGION, Column

_PLACE: Final = (
    Column(
        "topic",
        "LowCardinality(String)",
        ("Kafka topic of the line; `ingest` when it never reached one"),
    ),
    Column("partition", "Int32", "Kafka partition; -1 when it never reached one"),
    Column("offset", "Int64", "Kafka offset; -1 when it never reached one"),
    Column("line", "UInt32", "Line in the record, from 0"),
)
_MOMENT: Final = "DateTime64(3, 'UTC')"


@dataclass(frozen=True, slots=True)
class Table:
    """`key`: columns that identify a row; `version`: the column whose greatest value wins, or None if rows never change."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version: str | None = None


_ROW_KEY: Final = ("region", "level", "area_id", "window", "window_end")

TABLES: Final = {
    table.name: table
    for table in (
        Table("performance", PERFORMANCE, _ROW_KEY, "revision"),
        Table("coverage", COVERAGE, (*_ROW_KEY, "group"), "revision"),
        Table("clinic_coverage", CLINIC_COVERAGE, _ROW_KEY, "revision"),
        Table(
            "exceptions",
            (
                *_PLACE,
                Column(
                    "verdict",
                    "LowCardinality(String)",
                    ("duplicate, conflict or refused: the line is no event of its own"),
                ),
                Column(
                    "code",
                    "LowCardinality(String)",
                    ("Why, as in dead_letters; empty for a duplicate"),
                ),
            ),
            ("topic", "partition", "offset", "line"),
        ),
        Table(
            "event_status",
            (
                Column("source", "String", "Source of the event"),
                Column("id", "String", "Id of the event"),
                Column("superseded_by", "String", "Id of what counts instead at last, or empty"),
                Column("retracted", "UInt8", "1 if a retraction ends its chain of corrections"),
                Column("counts", "UInt8", "1 if the event counts"),
                Column("revision", "UInt64", "Input position that last changed it"),
            ),
            ("source", "id"),
            "revision",
        ),
        Table(
            "positions",
            (
                Column(
                    "stream",
                    "LowCardinality(String)",
                    ("Output topic whose records before this one are vouched for"),
                ),
                Column("topic", "LowCardinality(String)", "Input topic"),
                Column("partition", "Int32", "Input partition"),
                Column(
                    "position",
                    "Int64",
                    ("Next offset of the input: everything below it is applied"),
                ),
                Column("watermark", _MOMENT, "All events received before are in (region's clock)"),
                Column("time", _MOMENT, "Region's clock of the newest record applied"),
            ),
            ("stream", "topic", "partition"),
            "position",
        ),
        Table(
            "dead_letters",
            (
                Column("letter_id", "String", "Identity of the letter"),
                Column("received_at", _MOMENT, "Region's clock when it was refused"),
                REGION,
                Column("unit_id", "String", "Unit, as far as known"),
                Column("code", "LowCardinality(String)", "Why, as in the catalogue of codes"),
                Column("detail", "String", "What is wrong and what to do"),
                Column("attempts", "UInt32", "Times it was tried"),
                *_PLACE,
                Column(
                    "event_day",
                    "Nullable(Date)",
                    ("Local day of the event's time, where it could be read"),
                ),
                Column("key", "String", "Key of the record, base64"),
                Column("bytes", "String", "The line as it came (NIK digits replaced), base64"),
            ),
            ("letter_id",),
            "attempts",
        ),
        Table(
            "alert_changes",
            (
                Column("id", "String", "Alert id"),
                REGION,
                Column("kind", "LowCardinality(String)", "Kind of alert"),
                Column("severity", "UInt8", "1 pantau, 2 waspada, 3 siaga"),
                Column("unit_id", "String", "Unit"),
                Column("subject", "String", "Recipient, batch or sensor point"),
                Column("state", "LowCardinality(String)", "raised, acknowledged or resolved"),
                Column("resolution", "String", "Why it was resolved"),
                Column("raised_at", _MOMENT, "When it was raised (region's clock)"),
                Column("updated_at", _MOMENT, "When it last changed"),
                Column("resolved_at", f"Nullable({_MOMENT})", "When it was resolved"),
                Column("acknowledged_by", "String", "Who acknowledged it"),
                Column("acknowledged_at", f"Nullable({_MOMENT})", "When it was acknowledged"),
                Column("evidence", "String", "What it rests on, JSON"),
                Column("revision", "UInt64", "Input position of the change"),
            ),
            ("id", "revision"),
        ),
    )
}

REBUILT_TABLES: Final = (
    *("performance", "coverage", "clinic_coverage"),
    *("exceptions", "event_status", "positions"),
)
"""Tables that each generation has of its own (see `contracts.results.generations`); all others are shared."""


def table_of(name: str, generation: int) -> str:
    """The storage table that plays the part of `name` in `generation`; the first has it as it is."""
    return name if generation == 1 or name not in REBUILT_TABLES else f"{name}_g{generation}"

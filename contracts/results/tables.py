"""Storage tables that are fed by table lines. Each keeps one current row an identity (`key`), the greatest `version` winning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.results import table_rows
from contracts.results.columns import Column, columns_of
from contracts.results.public_rows import CLINIC_COVERAGE, COVERAGE, PERFORMANCE, RECEPTION


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
        Table("reception", RECEPTION, _ROW_KEY, "revision"),
        Table("clinic_coverage", CLINIC_COVERAGE, _ROW_KEY, "revision"),
        Table(
            "exceptions",
            columns_of(table_rows.ExceptionRow),
            ("topic", "partition", "offset", "line"),
        ),
        Table(
            "event_status",
            columns_of(table_rows.EventStatusRow),
            ("source", "id"),
            "revision",
        ),
        Table(
            "positions",
            columns_of(table_rows.PositionRow),
            ("stream", "topic", "partition"),
            "position",
        ),
        Table("dead_letters", columns_of(table_rows.DeadLetterRow), ("letter_id",), "attempts"),
        Table("letter_actions", columns_of(table_rows.LetterActionRow), ("letter_id", "action_id")),
        Table("alert_changes", columns_of(table_rows.AlertChangeRow), ("id", "revision")),
    )
}

REBUILT_TABLES: Final = (
    *("performance", "coverage", "reception", "clinic_coverage"),
    *("exceptions", "event_status", "positions", "alert_changes"),
)
"""Tables that each generation has of its own (see `contracts.results.generations`); all others are shared."""


def table_of(name: str, generation: int) -> str:
    """The storage table that plays the part of `name` in `generation`; the first has it as it is."""
    return name if generation == 1 or name not in REBUILT_TABLES else f"{name}_g{generation}"

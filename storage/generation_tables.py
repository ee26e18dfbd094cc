"""Generations in ClickHouse: each has tables of its own, and the views show those of one.

All SQL names the tables of the first; `in_generation` is the one place that says what they are called in another.
"""

from __future__ import annotations

import re
from typing import Final

from clickhouse_connect.driver.client import Client

from contracts.results.public_rows import VIEWS as ROW_VIEWS
from contracts.results.tables import REBUILT_TABLES, table_of
from storage.schema import STORAGE, STORE, table_sql, text
from storage.views import PUBLIC, VIEWS, view_sql

_TABLE: Final = re.compile(rf"\b{STORE}\.`?({'|'.join(REBUILT_TABLES)})\b`?")
_VIEW: Final = re.compile(rf"\b{PUBLIC}\.({'|'.join(ROW_VIEWS)})\b")
_SUFFIXED: Final = re.compile(rf"({'|'.join(REBUILT_TABLES)})_g(\d+)")
_SHOWN: Final = re.compile(rf"{STORE}\.`?performance_g(\d+)\b")
_SELECTS: Final = {view.name: view.select for view in VIEWS}


def in_generation(sql: str, generation: int) -> str:
    """`sql` on the tables of `generation`."""
    return _TABLE.sub(lambda match: f"{STORE}.{table_of(match[1], generation)}", sql)


def unshown(sql: str, generation: int) -> str:
    """`sql` on the tables of `generation`, and on what the views would show of it."""
    return in_generation(_VIEW.sub(lambda match: f"({_SELECTS[match[1]]})", sql), generation)


def shown(client: Client) -> int | None:
    """The generation that the views show; None before there are views."""
    rows = client.query(
        f"SELECT create_table_query FROM system.tables WHERE database = {text(PUBLIC)} AND name = 'performance'"
    ).result_rows
    if not rows:
        return None
    found = _SHOWN.search(str(rows[0][0]))
    return int(found[1]) if found else 1


def make(client: Client, generation: int) -> None:
    """Make the tables of `generation` that are missing."""
    for storage in STORAGE:
        if storage.table.name in REBUILT_TABLES:
            client.command(in_generation(table_sql(storage), generation))


def show(client: Client, generation: int) -> None:
    """Let the views show `generation`. Each changes in one step: a query sees the old one or the new one."""
    make(client, generation)
    for view in VIEWS:
        sql = view_sql(view)
        if (named := in_generation(sql, generation)) != sql or in_generation(sql, 2) != sql:
            client.command(named)


def existing(client: Client) -> set[int]:
    """Generations of which there are tables."""
    names = client.query(
        f"SELECT name FROM system.tables WHERE database = {text(STORE)}"
    ).result_rows
    found = {int(match[2]) for (name,) in names if (match := _SUFFIXED.fullmatch(str(name)))}
    return found | ({1} if ("performance",) in {tuple(row) for row in names} else set())


def drop(client: Client, generation: int) -> None:
    """Remove the tables of a generation that is not shown. Raises `ValueError` for the one that is."""
    if generation == shown(client):
        raise ValueError(f"generation {generation} is shown")
    for name in REBUILT_TABLES:
        client.command(f"DROP TABLE IF EXISTS {STORE}.{table_of(name, generation)} SYNC")


def unfinished(client: Client, generation: int, before_ms: int) -> int:
    """Rows of `generation` whose window begins before `before_ms` and that may still change."""
    least = f"(SELECT min(watermark) FROM {STORE}.positions FINAL)"
    parts = [
        f"SELECT count() AS n FROM {STORE}.{view} FINAL WHERE {_before(before_ms)} "
        f"AND window_end + INTERVAL 30 DAY > {least}"
        for view in ROW_VIEWS
    ]
    sql = f"SELECT sum(n) FROM ({' UNION ALL '.join(parts)})"
    return int(client.query(in_generation(sql, generation)).result_rows[0][0])


def carry_over(client: Client, old: int, new: int, before_ms: int) -> None:
    """Take over from `old` what the log of `new` no longer holds in full: rows whose window begins before
    `before_ms` (epoch ms of the region's clock), alerts raised before it, and the verdicts of events from before.

    May be run again. `new` must have applied all that it was given before.
    """
    place = "topic, partition, offset, line"
    lines = f"FROM {STORE}.raw_lines WHERE time < fromUnixTimestamp64Milli({before_ms})"
    which: dict[str, str] = {
        **dict.fromkeys(ROW_VIEWS, _before(before_ms)),
        "exceptions": f"({place}) IN (SELECT {place} {lines})",
        "event_status": f"(source, id) IN (SELECT source, id {lines})",
        "alert_changes": f"raised_at < fromUnixTimestamp64Milli({before_ms})",
    }
    for name, where in which.items():
        there = f"{STORE}.{table_of(name, new)}"
        client.command(f"DELETE FROM {there} WHERE {where}", settings={"mutations_sync": "1"})
        client.command(
            f"INSERT INTO {there} SELECT * FROM {STORE}.{table_of(name, old)} FINAL WHERE {where}"
        )


def _before(before_ms: int) -> str:
    return f"window_start < fromUnixTimestamp64Milli({before_ms})"

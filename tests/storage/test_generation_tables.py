"""Tables and views of a generation, on a real engine."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from contracts.results.tables import REBUILT_TABLES
from storage import generation_tables
from storage.schema import STORAGE, STORE, table_sql
from storage.views import VIEWS, view_sql

_ROW = "('32.11', 'unit', '{area}', '1d', '{day} 17:00:00', '{day} 17:00:00', '{day}', {n}, 1)"
_COLUMNS = (
    "region, level, area_id, window, window_start, window_end, day, portions_cooked, revision"
)


def test_sql_is_renamed_once_and_only_where_it_must() -> None:
    sql = f"SELECT a FROM {STORE}.performance, {STORE}.raw_lines, {STORE}.`positions` FINAL"
    named = generation_tables.in_generation(sql, 2)
    assert named == f"SELECT a FROM {STORE}.performance_g2, {STORE}.raw_lines, {STORE}.positions_g2 FINAL"  # fmt: skip
    assert generation_tables.in_generation(named, 3) == named
    assert generation_tables.in_generation(sql.replace("`", ""), 1) == sql.replace("`", "")


def test_every_rebuilt_table_of_every_statement_is_renamed() -> None:
    for sql in (*map(view_sql, VIEWS), *map(table_sql, STORAGE)):
        for name in REBUILT_TABLES:
            assert f"{STORE}.{name} " not in generation_tables.in_generation(sql, 7).replace(
                "\n", " "
            )


@pytest.fixture
def second(store: Client) -> Client:
    generation_tables.make(store, 2)
    return store


def test_views_show_one_generation(second: Client) -> None:
    assert generation_tables.shown(second) == 1
    assert generation_tables.existing(second) == {1, 2}
    second.command(
        f"INSERT INTO {STORE}.performance ({_COLUMNS}) VALUES "
        + _ROW.format(area="A", day="2026-11-01", n=1)
    )
    second.command(
        f"INSERT INTO {STORE}.performance_g2 ({_COLUMNS}) VALUES "
        + _ROW.format(area="A", day="2026-11-01", n=2)
    )
    query = "SELECT portions_cooked FROM pantau.performance"
    assert second.query(query).result_rows == [(1,)]
    assert second.query(generation_tables.unshown(query, 2)).result_rows == [(2,)]
    try:
        generation_tables.show(second, 2)
        assert generation_tables.shown(second) == 2
        assert second.query(query).result_rows == [(2,)]
        with pytest.raises(ValueError, match="is shown"):
            generation_tables.drop(second, 2)
    finally:
        generation_tables.show(second, 1)
        generation_tables.drop(second, 2)
    assert generation_tables.existing(second) == {1}


def test_what_the_log_has_lost_is_carried_over(second: Client) -> None:
    try:
        rows = [_ROW.format(area=a, day=d, n=n) for a, d, n in (("A", "2026-08-01", 1), ("B", "2026-08-05", 3))]  # fmt: skip
        second.command(f"INSERT INTO {STORE}.performance ({_COLUMNS}) VALUES {', '.join(rows)}")
        said = (("A", "2026-08-01", 7), ("B", "2026-08-05", 8), ("C", "2026-08-01", 9))
        newer = [_ROW.format(area=area, day=day, n=n) for area, day, n in said]
        second.command(f"INSERT INTO {STORE}.performance_g2 ({_COLUMNS}) VALUES {', '.join(newer)}")
        before_ms = 1_785_715_200_000  # 2026-08-03
        for _ in range(2):
            generation_tables.carry_over(second, 1, 2, before_ms)
            found = second.query(
                f"SELECT area_id, portions_cooked FROM {STORE}.performance_g2 FINAL ORDER BY area_id"
            ).result_rows
            assert found == [("A", 1), ("B", 8)]
        position = "('unit.windows', 'sppg.events', 0, 5, '{at}', '{at}')"
        insert = f"INSERT INTO {STORE}.positions VALUES "
        second.command(insert + position.format(at="2026-08-20 00:00:00"))
        assert generation_tables.unfinished(second, 1, before_ms) == 1
        second.command(insert + position.replace("5", "6").format(at="2026-09-20 00:00:00"))
        assert generation_tables.unfinished(second, 1, before_ms) == 0
    finally:
        generation_tables.drop(second, 2)

"""Migrations on a real engine: what an installed store becomes, by whom, and what keeps them frozen."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from audit.run import audit
from contracts.registry.region_rows import Thresholds
from contracts.results.tables import REBUILT_TABLES
from storage import generation_tables, migrate
from storage.next_migration import next_statements
from storage.schema import STORE
from storage.views import PUBLIC, VIEWS, View
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.storage import filled_store

REPEATABLE = re.compile(
    r"CREATE (DATABASE|TABLE) IF NOT EXISTS |CREATE OR REPLACE VIEW |DROP (TABLE|VIEW) IF EXISTS "
    r"|ALTER TABLE \S+ (ADD (COLUMN|INDEX) IF NOT EXISTS|DROP (COLUMN|INDEX) IF EXISTS|RENAME COLUMN IF EXISTS"
    r"|MODIFY COLUMN|MODIFY COMMENT|COMMENT COLUMN IF EXISTS|MATERIALIZE COLUMN) "
)


def test_what_was_shipped_is_frozen() -> None:
    frozen = (migrate.FOLDER / migrate.FROZEN).read_text("ascii").splitlines()
    there = [f"{one.checksum}  {one.name}" for one in migrate.read()]
    assert there == frozen, "a shipped migration is never edited: put the change into the next one"


def test_statements_may_be_repeated() -> None:
    for migration in migrate.read():
        for statement in migration.statements:
            assert REPEATABLE.match(statement), f"{migration.name}: {statement[:80]}"


def test_views_are_no_migrations() -> None:
    for migration in migrate.read()[filled_store.OLD_MIGRATIONS :]:
        assert not any(re.search(r"\bVIEW\b", one) for one in migration.statements), migration.name


def test_all_migrations_make_what_is_defined(bare: Client) -> None:
    migrate.run(bare)
    assert next_statements(bare) == ()
    assert migrate.run(bare) == ()


def rows_of(client: Client, table: str, lines: str) -> list[dict[str, object]]:
    """The rows of `table`, cut to the columns that `lines` have."""
    columns = ", ".join(f"`{name}`" for name in json.loads(lines.partition("\n")[0]))
    body = client.raw_query(
        f"SELECT {columns} FROM {STORE}.{table} ORDER BY ALL", fmt="JSONEachRow"
    )
    return [json.loads(line) for line in body.splitlines()]


def test_an_installed_store_is_upgraded_with_its_rows_and_audits_clean(bare: Client) -> None:
    before = filled_store.restore(bare, generation=2)
    applied = migrate.run(bare)
    assert applied == tuple(one.id for one in migrate.read()[filled_store.OLD_MIGRATIONS :])
    assert next_statements(bare) == ()
    for table, lines in before.items():
        wanted = [json.loads(line) for line in lines.splitlines()]
        for name in {table, f"{table}_g2"} if table in REBUILT_TABLES else {table}:
            assert_rows(rows_of(bare, name, lines), wanted, table)
    shown = bare.query(f"SELECT name, comment FROM system.tables WHERE database = '{PUBLIC}'")
    assert {str(row[0]): str(row[1]) for row in shown.result_rows} == {
        view.name: view.doc for view in VIEWS
    }
    forget_lines_of_a_changed_rule(bare)
    # Made by hand: that code had the table, and no alerts.
    for name in ("alert_changes", "alert_changes_g2"):
        bare.command(f"TRUNCATE TABLE {STORE}.{name}")
    report = audit(bare, "32.11", None, None, Thresholds(), lambda _line: None, 0.5, 0.0)
    assert report.clean, report.differences[:20]
    assert report.rows > 5_000


def forget_lines_of_a_changed_rule(client: Client) -> None:
    """The old code refused food cooked over 24 hours before; by today's rule (30 days) only a replay accepts those lines."""
    place = "(topic, partition, offset, line)"
    refused = f"SELECT {place} FROM {STORE}.exceptions WHERE code = 'cooked_at_too_early'"
    assert client.query(refused).result_rows
    client.command(f"DELETE FROM {STORE}.raw_lines WHERE {place} IN ({refused})")


def assert_rows(
    there: list[dict[str, object]], wanted: list[dict[str, object]], table: str
) -> None:
    """Each old row is there as it was; of typed paths of `data`, those that it had."""
    if table == "migrations":
        there = [row for row in there if row["id"] in {old["id"] for old in wanted}]
    if table == "raw_lines":
        for row, old in zip(there, wanted, strict=True):
            data, old_data = row["data"], old["data"]
            assert isinstance(data, dict)
            assert isinstance(old_data, dict)
            row["data"] = {name: data.get(name) for name in old_data}
    assert there == wanted, table


def test_another_generation_has_the_columns_of_the_first(bare: Client) -> None:
    filled_store.restore(bare, generation=2)
    migrate.run(bare)
    columns = "SELECT name, type, comment FROM system.columns WHERE database = '{}' AND table = '{}' ORDER BY position"
    for table in REBUILT_TABLES:
        first, second = (
            bare.query(columns.format(STORE, name)).result_rows for name in (table, f"{table}_g2")
        )
        assert first == second, table


@pytest.mark.parametrize("filled", [False, True])
def test_two_may_migrate_at_once(
    clickhouse: EmbeddedClickHouse, bare: Client, filled: bool
) -> None:
    if filled:
        filled_store.restore(bare)
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(lambda: migrate.run(clickhouse.client())) for _ in range(4)]
        applied = [one for run in runs for one in run.result()]
    numbers = [one.id for one in migrate.read()]
    assert set(applied) == set(numbers[filled_store.OLD_MIGRATIONS if filled else 0 :])
    assert next_statements(bare) == ()
    assert migrate.run(bare) == ()


def test_a_newer_store_is_refused(bare: Client) -> None:
    migrate.run(bare)
    newer = "INSERT INTO pantau_store.migrations (id, name, checksum) VALUES ('9999', '9999_x.sql', 'x')"
    bare.command(newer)
    with pytest.raises(
        migrate.MigrationError, match=r"9999_x.sql was applied .* upgrade the program"
    ):
        migrate.run(bare)


def definition(client: Client, view: str) -> str:
    rows = client.query(
        "SELECT create_table_query FROM system.tables WHERE database = 'pantau' AND name = {view:String}",
        parameters={"view": view},
    ).result_rows
    return str(rows[0][0]) if rows else ""


def made(client: Client) -> dict[str, str]:
    """View -> when it was made."""
    rows = client.query(
        "SELECT name, toString(metadata_modification_time), toString(uuid) FROM system.tables WHERE database = 'pantau'"
    ).result_rows
    return {str(name): f"{time} {uuid}" for name, time, uuid in rows}


def test_a_view_is_replaced_when_its_definition_changes_and_only_then(bare: Client) -> None:
    migrate.run(bare)
    first = made(bare)
    migrate.run(bare)
    assert made(bare) == first
    other = View(
        "late",
        "In other words",
        VIEWS[0].columns[:1],
        "SELECT '32.11'::LowCardinality(String) AS region",
    )
    changed = tuple(other if view.name == "late" else view for view in VIEWS)
    migrate.run(bare, views=changed)
    assert "In other words" in definition(bare, "late")
    assert {name for name, at in made(bare).items() if at != first[name]} == {"late"}
    without = tuple(view for view in VIEWS if view.name != "late")
    migrate.run(bare, views=without)
    assert definition(bare, "late") == ""
    bare.command("DROP VIEW pantau.alerts")
    migrate.run(bare)
    assert made(bare).keys() == first.keys()
    assert VIEWS[0].doc in definition(bare, VIEWS[0].name)


def test_views_go_on_to_show_the_generation_that_is_shown(bare: Client) -> None:
    migrate.run(bare)
    generation_tables.show(bare, 2)
    changed = tuple(replace(view, doc=f"{view.doc}!") for view in VIEWS)
    migrate.run(bare, views=changed)
    assert generation_tables.shown(bare) == 2
    assert "events_g2" not in definition(bare, "events")
    assert "positions_g2" in definition(bare, "events")
    generation_tables.show(bare, 1)
    generation_tables.drop(bare, 2)

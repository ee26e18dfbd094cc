"""The tool: what it prints leads from the engine's tables to the definitions, may be repeated, and is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from contracts.results.columns import Column
from contracts.results.tables import Table
from storage import migrate
from storage.next_migration import NotAlterableError, next_statements
from storage.schema import STORAGE, Storage, table_sql
from tests.storage.test_migrations import REPEATABLE

LETTERS = next(one for one in STORAGE if one.table.name == "dead_letters")
LINES = next(one for one in STORAGE if one.table.name == "raw_lines")


def with_columns(storage: Storage, *columns: Column) -> Storage:
    return replace(storage, table=replace(storage.table, columns=columns))


def changed(*names: str, **more: str) -> tuple[Column, ...]:
    """Columns of `LETTERS` named `names`, the attributes `more` (name of column -> type) changed."""
    old = {column.name: column for column in LETTERS.table.columns}
    return tuple(replace(old[name], type=more.get(name, old[name].type)) for name in names)


NAMES = tuple(column.name for column in LETTERS.table.columns)
NEW = Column("who", "LowCardinality(String)", "Whose it's: a \\ and a ' in it")
DATA = next(column for column in LINES.table.columns if column.name == "data")

CHANGES = {
    "a column in the middle": with_columns(LETTERS, *changed(*NAMES[:3]), NEW, *changed(*NAMES[3:])),
    "a column first": with_columns(LETTERS, NEW, *LETTERS.table.columns),
    "a column less": with_columns(LETTERS, *changed(*NAMES[:4], *NAMES[5:])),
    "another order": with_columns(LETTERS, *changed(NAMES[5], *NAMES[:5], *reversed(NAMES[6:]))),
    "another type": with_columns(LETTERS, *changed(*NAMES, detail="Nullable(String)")),
    "another comment": with_columns(
        LETTERS, replace(LETTERS.table.columns[0], doc="Id"), *LETTERS.table.columns[1:]
    ),
    "a table's comment": replace(LETTERS, comment="Letters"),
    "a new index": replace(LETTERS, indexes=("`by_code` `code` TYPE set(8) GRANULARITY 1",)),
    "another index": replace(LINES, indexes=("`time_span` `time` TYPE minmax GRANULARITY 4",)),
    "no computed column": replace(LINES, computed=LINES.computed[:1]),
    "a computed column more": replace(
        LETTERS, computed=("`size` UInt64 MATERIALIZED length(`bytes`) COMMENT 'Its size'",)
    ),
    "a typed path": with_columns(
        LINES,
        *(
            replace(one, type=one.type.replace("JSON(", "JSON(another Array(String), ", 1)) if one is DATA else one
            for one in LINES.table.columns
        ),
    ),
    "a new table": Storage(Table("late_ones", (NEW,), ("who",)), "Late ones"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_it_prints_leads_to_the_definitions(bare: Client, change: str) -> None:
    old = tuple(one for one in STORAGE if one in (LETTERS, LINES))
    bare.command("CREATE DATABASE pantau_store")
    for one in old:
        bare.command(table_sql(one))
    after = CHANGES[change]
    wanted = [*(one for one in old if one.table.name != after.table.name), after]
    statements = next_statements(bare, wanted)
    assert statements
    for _ in range(2):
        for statement in statements:
            assert REPEATABLE.match(statement), statement
            bare.command(statement)
    assert next_statements(bare, wanted) == ()


def test_a_table_that_no_definition_names_is_dropped(bare: Client) -> None:
    migrate.run(bare)
    without = [one for one in STORAGE if one is not LETTERS]
    assert next_statements(bare, without) == ("DROP TABLE IF EXISTS pantau_store.dead_letters",)


def test_another_key_is_no_alter(bare: Client) -> None:
    migrate.run(bare)
    other = replace(LETTERS, order="(`region`, `letter_id`)")
    with pytest.raises(NotAlterableError, match=r"dead_letters: .* define a table of another name"):
        next_statements(bare, [*(one for one in STORAGE if one is not LETTERS), other])

"""Metadata as guarded accounts see it: the public database alone, no paths, no SQL of views.

The engine keeps its own tables of metadata open to everybody. So a statement that names one is run over
a view of ours instead, made anew at each start in a database that lives in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from contracts.results.databases import ANALYST_DATABASE
from engines.clickhouse.accounts import ANALYST
from engines.clickhouse.engine import Handle, quoted
from engines.clickhouse.front.asked_settings import may_set

DATABASE: Final = "pantau_metadata"

_HIDDEN: Final[Mapping[str, tuple[str, str]]] = {
    "system.tables": (
        "database",
        "data_paths metadata_path create_table_query engine_full as_select storage_policy definer "
        "dependencies_database dependencies_table loading_dependencies_database "
        "loading_dependencies_table loading_dependent_database loading_dependent_table "
        "target_database target_table",
    ),
    "system.databases": ("name", "data_path metadata_path engine_full"),
    "system.columns": ("database", ""),
    "information_schema.tables": ("table_schema", ""),
    "information_schema.columns": ("table_schema", ""),
    "information_schema.schemata": ("schema_name", ""),
    "information_schema.views": ("table_schema", "view_definition VIEW_DEFINITION"),
    "information_schema.statistics": ("table_schema", ""),
    "information_schema.key_column_usage": ("table_schema", ""),
    "information_schema.referential_constraints": ("constraint_schema", ""),
}
"""Table -> its column of database names, and its columns that say what analysts must not know."""

_SETTINGS: Final = "system.settings"
VIEWED: Final = frozenset((*_HIDDEN, _SETTINGS))
"""Tables of metadata that are read through a view; names of information_schema are taken in any case."""

_TOKENS: Final = re.compile(
    r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<![\w.`])(system|information_schema)\.(\w+)",
    re.IGNORECASE | re.DOTALL,
)


def named(table: str) -> str:
    """`table` with its name as in `VIEWED`: information_schema is there in both cases."""
    database, _, _ = table.partition(".")
    return table.lower() if database in ("information_schema", "INFORMATION_SCHEMA") else table


def through_views(canonical: str) -> str:
    """`canonical` (text of the parser's own) with our views in the place of the engine's tables."""

    def replaced(found: re.Match[str]) -> str:
        table = named(found[0])
        return view_of(table) if found[1] and table in VIEWED else found[0]

    return _TOKENS.sub(replaced, canonical)


def create_views(handle: Handle) -> None:
    """Make the views. Raises ClickHouseError."""
    for statement in _statements():
        handle.query(statement, "Null")


def _statements() -> Iterator[str]:
    yield f"DROP DATABASE IF EXISTS {DATABASE}"
    yield f"CREATE DATABASE {DATABASE} ENGINE = Memory"
    for table, (database, hidden) in _HIDDEN.items():
        blanks = ", ".join(
            f"defaultValueOfTypeName(toTypeName({column})) AS {column}" for column in hidden.split()
        )
        columns = f"* REPLACE ({blanks})" if blanks else "*"
        yield (
            f"CREATE VIEW {view_of(table)} AS SELECT {columns} FROM {table} "
            f"WHERE {database} = {quoted(ANALYST_DATABASE)}"
        )


def create_settings_view(handle: Handle, names: Mapping[str, str]) -> None:
    """`system.settings` that calls read-only what the account may not set. `names`: of all settings."""
    free = ", ".join(quoted(name) for name in names if may_set(ANALYST, name))
    handle.query(
        f"CREATE VIEW {view_of(_SETTINGS)} AS SELECT * "
        f"REPLACE (toUInt8(name NOT IN ({free})) AS readonly) FROM {_SETTINGS}",
        "Null",
    )


def view_of(table: str) -> str:
    """The view in the place of `table`."""
    database, _, name = table.partition(".")
    return f"{DATABASE}.{name if database == 'system' else f'schema_{name}'}"

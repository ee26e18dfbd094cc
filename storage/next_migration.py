"""The statements of the next migration: what leads from an engine's storage tables to their definitions.

The definitions are made as tables of a scratch database first, and the engine's own catalogue of both is compared:
so types, defaults and codecs are compared as the engine writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from storage.schema import STORAGE, STORE, Storage, table_sql, text

_SCRATCH: Final = "pantau_wanted"
_OWN: Final = re.compile(r"migrations|\w+_g\d+")
"""Tables that no definition names: the record of migrations, and copies of another generation."""

_COLUMNS: Final = (
    "SELECT table, name, type, default_kind, default_expression, compression_codec, comment "
    "FROM system.columns WHERE database = {} ORDER BY table, position"
)
_INDEXES: Final = (
    "SELECT table, name, concat('`', name, '` ', expr, ' TYPE ', type_full, ' GRANULARITY ', toString(granularity)) "
    "FROM system.data_skipping_indices WHERE database = {}"
)
_TABLES: Final = "SELECT name, engine_full, comment FROM system.tables WHERE database = {}"


class ColumnShape(msgspec.Struct, frozen=True):
    """A column as the engine describes it."""

    name: str
    type: str
    default_kind: str
    default: str
    codec: str
    comment: str

    @property
    def sql(self) -> str:
        """Its definition, as in a CREATE TABLE."""
        default = f" {self.default_kind} {self.default}" if self.default_kind else ""
        codec = f" {self.codec}" if self.codec else ""
        return f"`{self.name}` {self.type}{default} COMMENT {text(self.comment)}{codec}"


class TableShape(msgspec.Struct):
    """A table as the engine describes it; columns in their order, `indexes` by name."""

    engine: str
    comment: str
    columns: list[ColumnShape] = []
    indexes: dict[str, str] = {}


class NotAlterableError(Exception):
    """No ALTER leads there. The message says what to do."""


def next_statements(client: Client, definitions: Sequence[Storage] = STORAGE) -> tuple[str, ...]:
    """Statements, without semicolons, that make the storage tables what `definitions` say; none if they are.

    Each may be repeated. Needs the rights of an owner: it makes and drops a database. Raises `NotAlterableError`.
    """
    client.command(f"DROP DATABASE IF EXISTS {_SCRATCH}")
    client.command(f"CREATE DATABASE {_SCRATCH} ENGINE = Atomic")
    try:
        for storage in definitions:
            client.command(table_sql(storage).replace(f"{STORE}.", f"{_SCRATCH}.", 1))
        wanted, there = _shapes(client, _SCRATCH), _shapes(client, STORE)
    finally:
        client.command(f"DROP DATABASE {_SCRATCH}")
    return tuple(_statements(definitions, wanted, there))


def _shapes(client: Client, database: str) -> dict[str, TableShape]:
    def rows(sql: str) -> Sequence[Sequence[Any]]:
        found: Sequence[Sequence[Any]] = client.query(sql.format(text(database))).result_rows
        return found

    shapes = {str(name): TableShape(engine, comment) for name, engine, comment in rows(_TABLES)}
    for table, *column in rows(_COLUMNS):
        shapes[table].columns.append(ColumnShape(*column))
    for table, name, sql in rows(_INDEXES):
        shapes[table].indexes[name] = sql
    return shapes


def _statements(
    definitions: Sequence[Storage], wanted: dict[str, TableShape], there: dict[str, TableShape]
) -> Iterator[str]:
    for storage in definitions:
        name = storage.table.name
        if name in there:
            yield from _alters(name, wanted[name], there[name])
        else:
            yield table_sql(storage)
    for name in sorted(there.keys() - wanted.keys()):
        if not _OWN.fullmatch(name):
            yield f"DROP TABLE IF EXISTS {STORE}.{name}"


def _alters(name: str, wanted: TableShape, there: TableShape) -> Iterator[str]:
    if wanted.engine != there.engine:
        raise NotAlterableError(
            f"{name}: its engine or keys cannot be altered ({there.engine} to {wanted.engine}): "
            "define a table of another name and write by hand how its rows are taken over"
        )
    commands = [
        *(f"DROP INDEX IF EXISTS `{one}`" for one in there.indexes.keys() - wanted.indexes.keys()),
        *_column_commands(wanted.columns, there.columns),
    ]
    for one, sql in wanted.indexes.items():
        if one not in there.indexes:
            commands.append(f"ADD INDEX IF NOT EXISTS {sql}")
        elif there.indexes[one] != sql:
            commands += [f"DROP INDEX IF EXISTS `{one}`", f"ADD INDEX IF NOT EXISTS {sql}"]
    if wanted.comment != there.comment:
        commands.append(f"MODIFY COMMENT {text(wanted.comment)}")
    for command in commands:
        yield f"ALTER TABLE {STORE}.{name} {command}"


def _column_commands(wanted: Sequence[ColumnShape], there: Sequence[ColumnShape]) -> Iterator[str]:
    """Commands of ALTER TABLE, in an order in which each can be applied."""
    names = {column.name for column in wanted}
    old = {column.name: column for column in there}
    order = [column.name for column in there if column.name in names]
    for column in there:
        if column.name not in names:
            yield f"DROP COLUMN IF EXISTS `{column.name}`"
    for index, column in enumerate(wanted):
        place = f"AFTER `{wanted[index - 1].name}`" if index else "FIRST"
        if column.name not in old:
            order.insert(index, column.name)
            yield f"ADD COLUMN IF NOT EXISTS {column.sql} {place}"
        elif order[index] != column.name:
            order.remove(column.name)
            order.insert(index, column.name)
            yield f"MODIFY COLUMN {column.sql} {place}"
        elif column != old[column.name]:
            yield f"MODIFY COLUMN {column.sql}"

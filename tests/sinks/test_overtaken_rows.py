"""Of a row that changes several times in a batch the newest version alone is written."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from contracts.results.tables import TABLES, Table
from contracts.results.topics import TABLE_HEADER
from sinks import table_lines
from sinks.batch import TableBatch

_GROWING = [table for table in TABLES.values() if table.version in ("revision", "position")]


def line(table: Table, version: int, **key: object) -> bytes:
    """A row as Pantau writes it: all columns in their order."""
    values = {column.name: key.get(column.name, column.name) for column in table.columns}
    return msgspec.json.encode({**values, str(table.version): version})


def landed(
    table: Table, *lines: bytes, partition: int = 0, batch: TableBatch | None = None
) -> list[bytes]:
    """The rows of `table` in `batch` after a record of each line."""
    batch = batch or TableBatch()
    headers = ((TABLE_HEADER, table.name.encode()),)
    for offset, one in enumerate(lines):
        record: Any = SimpleNamespace(
            topic="t", partition=partition, offset=offset, value=one, headers=headers
        )
        table_lines.land(record, batch)
    rows = batch.rows[table.name]
    assert batch.count == len(rows)
    assert batch.size == sum(len(row.body) for row in rows)
    return [row.body for row in rows]


@pytest.mark.parametrize("table", _GROWING, ids=lambda table: table.name)
def test_the_newest_of_each_identity_is_written(table: Table) -> None:
    some = random.Random(1).choices("abc", k=40)
    lines = [line(table, at, **{table.key[-1]: one}) for at, one in enumerate(some)]
    newest = dict(zip(some, lines, strict=True))
    assert landed(table, *lines) == [newest[one] for one in dict.fromkeys(some)]


@pytest.mark.parametrize("table", _GROWING, ids=lambda table: table.name)
def test_each_column_of_the_key_tells_rows_apart(table: Table) -> None:
    lines = [line(table, version, **{name: "other"}) for version, name in enumerate(table.key)]
    assert landed(table, *lines) == lines


def test_rows_of_two_partitions_are_not_compared() -> None:
    table, batch = _GROWING[0], TableBatch()
    one = line(table, 1)
    landed(table, one, batch=batch)
    assert landed(table, one, partition=1, batch=batch) == [one, one]


def test_text_that_holds_the_name_of_a_field_makes_a_row_of_its_own() -> None:
    table = _GROWING[0]
    one = line(table, 1, area_id='b","day":')
    assert landed(table, one, one) == [one, one]


def test_a_line_with_its_fields_in_another_order_is_a_row_of_its_own() -> None:
    table = _GROWING[0]
    fields = msgspec.json.decode(line(table, 1))
    lines = [
        msgspec.json.encode({"day": "x", **fields}),
        msgspec.json.encode(dict(reversed(fields.items()))),
        msgspec.json.encode({"region": "a", "day": "x", **fields}),
    ]
    assert landed(table, *lines, *lines) == lines * 2


def test_a_line_that_ends_where_another_is_told_apart_does_not_overtake_it() -> None:
    table = _GROWING[0]
    one = line(table, 1)
    cut = one[: one.index(b',"day":')]
    assert landed(table, one, cut) == [one, cut]
    assert landed(table, one + b"\n" + cut + b"\n" + one) == [one, cut]


@pytest.mark.parametrize("name", ["dead_letters", "letter_actions", "alert_changes", "exceptions"])
def test_rows_that_do_not_grow_along_the_log_are_all_written(name: str) -> None:
    one = line(TABLES[name], 1)
    assert landed(TABLES[name], one, one) == [one, one]

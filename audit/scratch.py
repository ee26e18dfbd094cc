"""The scratch database of one audit, and the files of SQL that run in it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from clickhouse_connect.driver.client import Client

from storage import generation_tables
from storage.migrate import statements_of

_SQL: Final = Path(__file__).parent / "sql"
_PREFIX: Final = "pantau_audit"
_ENCODER: Final = msgspec.json.Encoder()
_SPILL_BYTES: Final = 300_000_000
_SETTINGS: Final[dict[str, Any]] = {
    # The embedded server holds 1.5 GB in all, and others work beside the audit.
    "max_memory_usage": 1_000_000_000,
    "max_bytes_before_external_group_by": _SPILL_BYTES,
    "max_bytes_before_external_sort": _SPILL_BYTES,
    "max_threads": 2,
    # Else one thread, with the memory that the embedded server has.
    "max_threads_min_free_memory_per_thread": 0,
    # What only few lines need is worked out for those only.
    "short_circuit_function_evaluation": "force_enable",
    "session_timezone": "UTC",
    "join_use_nulls": 0,
    "union_default_mode": "ALL",
}


class Scratch:
    """A database of intermediate tables, made on entry and dropped on exit. Two audits never share one.

    While it is there it is the client's own database: the files of `audit/sql` name its tables without one.
    `generation`: whose tables the statements read; None: of the one that the views show.
    """

    def __init__(self, client: Client, generation: int | None = None) -> None:
        self._client = client
        self._outer = client.database
        self.generation = generation or generation_tables.shown(client) or 1
        self._named = (
            generation_tables.in_generation if generation is None else generation_tables.unshown
        )
        self.name = f"{_PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        self._client.command(f"CREATE DATABASE {self.name} ENGINE = Atomic")
        self._client.database = self.name
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.database = self._outer
        self._client.command(f"DROP DATABASE IF EXISTS {self.name} SYNC")

    def run(self, name: str, **parameters: Any) -> None:
        """Run the statements of `audit/sql/<name>.sql` with their parameters."""
        for statement in _statements(name):
            self._client.command(
                self._in_generation(statement), parameters=parameters, settings=_SETTINGS
            )

    def rows_of(self, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Rows of `audit/sql/<name>.sql`, a query."""
        return self.rows(*_statements(name), **parameters)

    def row(self, name: str, **parameters: Any) -> Sequence[Any]:
        """The one row of `audit/sql/<name>.sql`, a query."""
        return self.rows_of(name, **parameters)[0]

    def rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Rows of a query."""
        found: Sequence[Sequence[Any]] = self._client.query(
            self._in_generation(sql), parameters=parameters, settings=_SETTINGS
        ).result_rows
        return found

    def value(self, sql: str, **parameters: Any) -> Any:
        """The one value of a query."""
        return self.rows(sql, **parameters)[0][0]

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows that Python made. As text: clickhouse-connect takes seconds to make columns of tuples."""
        body = b"\n".join(_ENCODER.encode(row) for row in rows)
        self._client.raw_insert(
            table, column_names=list(columns), insert_block=body, fmt="JSONCompactEachRow"
        )

    def _in_generation(self, sql: str) -> str:
        return self._named(sql, self.generation)


def _statements(name: str) -> tuple[str, ...]:
    return statements_of((_SQL / f"{name}.sql").read_text("utf-8"))

"""The scratch database of one audit, and the statements that run in it."""

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


def _statements(name: str) -> tuple[str, ...]:
    return statements_of((_SQL / f"{name}.sql").read_text("utf-8"))


class Scratch:
    """A database of intermediate tables, made on entry and dropped on exit. Two audits never share one.

    `generation`: whose tables the statements read; None: of the one that the views show.
    """

    def __init__(self, client: Client, generation: int | None = None) -> None:
        self._client = client
        self.generation = generation or generation_tables.shown(client) or 1
        self._named = (
            generation_tables.in_generation if generation is None else generation_tables.unshown
        )
        self.name = f"{_PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        self._client.command(f"CREATE DATABASE {self.name} ENGINE = Atomic")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.command(f"DROP DATABASE IF EXISTS {self.name} SYNC")

    def run(self, sql: str) -> None:
        """Run a statement. `{db}` in it is this database."""
        self._client.command(self._text(sql), settings=_SETTINGS)

    def run_file(self, name: str, **parameters: Any) -> None:
        """Run the statements of `audit/sql/<name>.sql` with their parameters; `scratch` is this database."""
        for statement in _statements(name):
            self._client.command(
                self._text(statement),
                parameters={"scratch": self.name, **parameters},
                settings=_SETTINGS,
            )

    def rows_of_file(self, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Rows of the one query in `audit/sql/<name>.sql`; parameters as in `run_file`."""
        (query,) = _statements(name)
        found: Sequence[Sequence[Any]] = self._client.query(
            self._text(query),
            parameters={"scratch": self.name, **parameters},
            settings=_SETTINGS,
        ).result_rows
        return found

    def _text(self, sql: str) -> str:
        return self._named(sql.replace("{db}", self.name), self.generation)

    def make(self, table: str, select: str) -> None:
        """(Re)make `table` from `select`, in memory: none has more rows than a batch has."""
        self.run(f"DROP TABLE IF EXISTS {{db}}.{table} SYNC")
        self.run(f"CREATE TABLE {{db}}.{table} ENGINE = Memory SETTINGS compress = 1 AS {select}")

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """Rows of a query."""
        found: Sequence[Sequence[Any]] = self._client.query(
            self._text(sql), settings=_SETTINGS
        ).result_rows
        return found

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        return self.rows(sql)[0][0]

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows that Python made. As text: clickhouse-connect takes seconds to make columns of tuples."""
        body = b"\n".join(_ENCODER.encode(row) for row in rows)
        self._client.raw_insert(
            f"{self.name}.{table}",
            column_names=list(columns),
            insert_block=body,
            fmt="JSONCompactEachRow",
        )

"""chDB, owned by one process: handles, statements, streams and inserts.

Everything here blocks and is called from worker threads. Each statement gets a handle of its own
(0.4 ms), so that settings, parameters and the current database of one never reach another.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import chdb

from chassis.datadir import FileLock
from chassis.operator_error import OperatorError
from engines.clickhouse.engine_errors import from_engine, refused

DEFAULT_MEMORY_BYTES: Final = 1_500_000_000
DEFAULT_THREADS: Final = 2
_MEMORY_WORKER_MS: Final = 500
"""How often the engine compares the memory that it counted with the memory of the process. At the default, 50, this is a fifth of the
cost of an idle engine."""

_LOCK: Final = "owner.lock"
_STORE: Final = "engine"
_FORMAT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NOT_BYTES: Final = frozenset(("arrowtable", "dataframe", "datastore"))
_SETTING_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_PARAMETER_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SETTINGS_CLAUSE: Final = re.compile(
    r"\bSETTINGS\s+([a-z]\w*\s*=.*?)\s*\Z", re.IGNORECASE | re.DOTALL
)
_FAILED_WRITES: Final = (
    "SELECT sum(value) FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"
)


class EngineError(OperatorError):
    """The engine cannot be opened. The message says what to do."""


def quoted(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True, slots=True)
class EngineSession:
    """What holds for one statement: SQL literals of `settings`, raw `parameters`, `database`.

    `readonly`: 0 all, 1 reads only and no change of settings, 2 reads only.
    """

    database: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    query_id: str
    readonly: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows and bytes that a statement read, returned and wrote; seconds it took."""

    read_rows: int = 0
    read_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    elapsed_s: float = 0.0


def _checked_format(name: str) -> str:
    if not _FORMAT_NAME.fullmatch(name) or name.lower() in _NOT_BYTES:
        raise refused(73, "UNKNOWN_FORMAT", f"Unknown format {name}")
    return name


class Handle:
    """One connection to the engine; used by one thread, for one statement."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def query(self, sql: str, fmt: str) -> tuple[bytes, Summary]:
        """Run `sql`; its result in `fmt` (unless `sql` names another). Raises ClickHouseError."""
        try:
            result = self._connection.query(sql, _checked_format(fmt))
        except (RuntimeError, ValueError) as error:
            raise from_engine(error) from None
        body = bytes(result.bytes() or b"")
        return body, Summary(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            result_rows=result.rows_read(),
            result_bytes=len(body),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            elapsed_s=result.elapsed(),
        )

    def stream(self, sql: str, fmt: str) -> Iterator[bytes]:
        """Parts of the result as the engine makes them. Raises ClickHouseError at any part."""
        try:
            with self._connection.send_query(sql, _checked_format(fmt)) as parts:
                for part in parts:
                    yield bytes(part.bytes())
        except (RuntimeError, ValueError) as error:
            raise from_engine(error) from None

    def insert(self, statement: str, fmt: str, data: memoryview) -> Summary:
        """Run `INSERT INTO ... ` (without FORMAT) with `data` in `fmt`. Raises ClickHouseError."""
        target, settings = _split_settings(statement)
        # The engine reads a file in memory: chDB's streaming insert answers "written" when the write
        # failed (docs/decisions/0007-an-insert-answers-with-the-engines-word.md).
        with _in_memory(data) as path:
            _body, summary = self.query(
                f"{target} FROM INFILE {quoted(path)} COMPRESSION 'none' "
                f"SETTINGS {settings}input_format_parallel_parsing = 0 FORMAT {_checked_format(fmt)}",
                "Null",
            )
        return summary


def _split_settings(statement: str) -> tuple[str, str]:
    """`INSERT INTO t SETTINGS a = 1` as `INSERT INTO t ` and `a = 1, `: the source stands between."""
    found = _SETTINGS_CLAUSE.search(statement)
    return (statement[: found.start()], f"{found[1]}, ") if found else (statement, "")


@contextmanager
def _in_memory(data: memoryview) -> Iterator[str]:
    """Path of a file that holds `data` and needs no disk. Raises ClickHouseError."""
    descriptor = os.memfd_create("insert")
    try:
        with os.fdopen(descriptor, "wb", buffering=0, closefd=False) as file:
            while len(data):
                data = data[file.write(data) :]
        yield f"/proc/self/fd/{descriptor}"
    except OSError as error:
        raise refused(
            75, "CANNOT_WRITE_TO_FILE_DESCRIPTOR", f"No room for the rows: {error}"
        ) from None
    finally:
        os.close(descriptor)


class Engine:
    """The one owner of the data in `folder`."""

    def __init__(
        self,
        folder: Path,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        threads: int = DEFAULT_THREADS,
    ) -> None:
        """Open it. Raises `EngineError` if another process has it or it cannot be read."""
        folder.mkdir(parents=True, exist_ok=True)
        # One spelling of the path: chDB takes another for another installation.
        home = folder.resolve()
        if "?" in str(home):
            raise EngineError(f"{home}: chDB cannot open a path with a question mark; rename it")
        self._lock = self._own(home)
        self._url = (
            f"{home / _STORE}?max_server_memory_usage={memory_bytes}&max_threads={threads}"
            f"&memory_worker_period_ms={_MEMORY_WORKER_MS}"
        )
        try:
            # Stays open: the engine stops when its last connection closes.
            self._base = chdb.connect(self._url)
        except RuntimeError as error:
            self._lock.release()
            raise EngineError(f"{home}: chDB cannot open it: {error}") from None
        self._counting = threading.Lock()
        # Failures while it was opened lie before anything that is answered here.
        self._failed_before = self._failed_writes()

    def check_writes(self) -> None:
        """Raises ClickHouseError if any write to the disk has failed since the engine was opened.

        The engine goes on after a failed write of a part, of an insert or of a merge, and answers as if
        it were stored. When it is opened anew it sets such parts aside, and takes those that were merged.
        """
        if self._failed_writes() > self._failed_before:
            raise refused(
                75,
                "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
                "A write to the disk failed, so the rows are not proved to be stored. The embedded "
                "ClickHouse ends to find what is broken: look whether its disk is full, and insert again",
            )

    def _failed_writes(self) -> int:
        with self._counting:
            return int(self._base.query(_FAILED_WRITES, "TabSeparated").bytes())

    @staticmethod
    def _own(home: Path) -> FileLock:
        lock = FileLock(home / _LOCK)
        if not lock.take():
            owner = lock.owner()
            lock.release()
            raise EngineError(
                f"{home} is in use by another embedded ClickHouse (process {owner}): "
                "stop it, or use its URL"
            )
        lock.write_owner()
        return lock

    @contextmanager
    def handle(self, session: EngineSession) -> Iterator[Handle]:
        """A handle that `session` holds for. Raises ClickHouseError if a setting is refused."""
        connection = chdb.connect(self._url)
        try:
            handle = Handle(connection)
            for statement in _preamble(session):
                handle.query(statement, "Null")
            yield handle
        finally:
            connection.close()

    def cancel(self, query_id: str) -> None:
        """End the statement of this id; it fails with Code 394 as soon as the engine checks."""
        with self.handle(EngineSession("default", {}, {}, "cancel")) as handle:
            mine = quoted(query_id)
            handle.query(f"KILL QUERY WHERE Settings['log_comment'] = {mine} ASYNC", "Null")

    def cancel_reads(self) -> None:
        """End all statements of guarded accounts that run now; they fail with Code 394."""
        with self.handle(EngineSession("default", {}, {}, "cancel")) as handle:
            handle.query("KILL QUERY WHERE Settings['readonly'] = '1' ASYNC", "Null")

    def close(self) -> None:
        """Stop the engine; no handle may be open."""
        self._base.close()
        self._lock.release()


def _preamble(session: EngineSession) -> Iterator[str]:
    if session.database != "default":
        yield f"USE `{session.database.replace('`', '')}`"
    assignments = [f"log_comment = {quoted(session.query_id)}"]
    for name, literal in session.settings.items():
        if not _SETTING_NAME.fullmatch(name):
            raise refused(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        assignments.append(f"{name} = {literal}")
    for name, value in session.parameters.items():
        if not _PARAMETER_NAME.fullmatch(name):
            raise refused(36, "BAD_ARGUMENTS", f"Bad name of a query parameter: '{name}'")
        assignments.append(f"param_{name} = {quoted(value)}")
    if session.readonly:
        assignments.append(f"readonly = {session.readonly}")
    yield "SET " + ", ".join(assignments)

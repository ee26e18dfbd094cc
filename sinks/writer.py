"""Batches into ClickHouse: one insert a table, positions last, unreadable lines set aside.

A batch may be written again, in full or in part: every row has an identity (the table's sorting key),
and a second copy of it changes nothing that a view shows. No deduplication token is set: one that
comes back with other rows (batches need not end at the same offset twice) would drop them without
a word, and identity does its work.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from chassis import logs
from contracts.events.nik import redact_nik, redact_text
from contracts.results.table_rows import encode_row
from contracts.results.tables import table_of
from contracts.time.clock import Clock, rfc3339
from sinks.batch import Reject, TableBatch, TableRow
from sinks.sink_metrics import REJECTS, ROWS
from storage.schema import REJECTS as REJECT_TABLE
from storage.schema import SINK_TABLES, STORE
from storage.stored_rows import RejectRow

MAX_INSERT_ROWS: Final = 20_000
MAX_REASON: Final = 500
_LAST: Final = "positions"
"""Written after all others: a position that shows vouches for rows that show."""

INSERT_SETTINGS: Final = {
    "async_insert": 0,
    "date_time_input_format": "best_effort",
    # Rows of very many months in one insert are no fault.
    "max_partitions_per_insert_block": 0,
    # A column misspelled, or text that is null, is an error to see, not an empty value to show.
    "input_format_skip_unknown_fields": 0,
    "input_format_null_as_default": 0,
}
_RESTART_S: Final = 60.0
"""How long a ClickHouse that a row may have ended has to come back."""
_AGAIN_S: Final = 0.5
_CODE: Final = re.compile(r"[Cc]ode: ?(\d+)")
_ERROR_NAME: Final = re.compile(r"\(([A-Z][A-Z_]{3,})\)")
_FIELD: Final = re.compile(r"reading the value of key (\w{1,40})")
_UNREADABLE: Final = frozenset(
    {
        6,
        25,
        26,
        27,
        32,
        33,
        38,
        41,
        53,
        69,
        70,
        72,
        117,
        130,
        131,
        153,
        321,
        349,
        376,
        395,
        407,
        441,
        467,
        469,
        536,
        617,
        691,
    }
)
"""ClickHouse error codes that say that a row itself cannot be taken; all others may pass."""

_STORE: Final = "ClickHouse"
_WAITS_FOR: Final = {
    75: "a disk that takes what ClickHouse writes",
    241: "memory of ClickHouse",
    243: "disk space of ClickHouse",
    252: "merges of ClickHouse",
}
"""What must come before rows with this error code are taken; else ClickHouse itself."""

_log = logs.get("sinks.writer")


class StoreUnavailableError(Exception):
    """ClickHouse cannot take the batch now. Take nothing of it as written; write it again.

    `waits_for`: what must come first, in words.
    """

    def __init__(self, waits_for: str, reason: str) -> None:
        super().__init__(f"waits for {waits_for}: {reason}")
        self.waits_for = waits_for


class _Refused(NamedTuple):
    """Why ClickHouse takes some rows not. `by_row`: it says that one of them is at fault; else anything may be.

    `is_lost`: it gave no answer: it may have ended.
    """

    reason: str
    by_row: bool = False
    is_lost: bool = False


_LOST: Final = _Refused(
    "ClickHouse ended or gave no answer each time that it was sent this row", is_lost=True
)


class Store(Protocol):
    """What the writer needs of a clickhouse-connect client."""

    def command(self, cmd: str) -> object:
        """Run a statement that gives no rows."""

    def raw_insert(self, table: str, *, insert_block: bytes, settings: dict[str, Any]) -> object:
        """Run an insert: without a `table` its statement is the first line of the block."""


def _rule_broken(text: str, code: int) -> str:
    """What ClickHouse says of a row, without the piece of the row that it repeats."""
    name, field = _ERROR_NAME.search(text), _FIELD.search(text)
    where = f", at field {field[1]}" if field else ""
    return f"ClickHouse cannot read it: code {code} {name[1] if name else ''}{where}"


class Writer:
    """Writes batches through one client, which `connect` makes, into the tables of `generation`.

    `wait`: for some seconds; True: give up. Not for two threads at once.
    """

    def __init__(
        self,
        connect: Callable[[], Store],
        clock: Clock,
        generation: int = 1,
        wait: Callable[[float], bool] | None = None,
        restart_s: float = _RESTART_S,
    ) -> None:
        self._wait = wait or threading.Event().wait
        self._restart_s = restart_s
        self._generation = generation
        self._connect = connect
        self._store: Store | None = None
        self._clock = clock
        self._is_patient = True

    def write(self, batch: TableBatch, is_patient: bool = True) -> None:
        """Return when all rows are in ClickHouse. Raises `StoreUnavailableError`.

        `is_patient`: an error that may pass is waited for. Else a row that alone gets such an error, or that ends ClickHouse
        twice, is set aside, if its table takes others before and after: no row may stop all others for ever.
        """
        self._is_patient = is_patient
        for table in sorted(batch.rows, key=lambda name: (name == _LAST, name)):
            rows = batch.rows[table]
            for start in range(0, len(rows), MAX_INSERT_ROWS):
                self._insert(table, rows[start : start + MAX_INSERT_ROWS])
        if batch.rejects:
            self._set_aside(batch.rejects)

    def _insert(self, table: str, rows: Sequence[TableRow]) -> None:
        refused = self._try(table, [row.body for row in rows])
        if refused is None:
            ROWS.labels(table).inc(len(rows))
        elif len(rows) > 1:
            if refused.is_lost:
                self._until_it_takes_rows(table)
            middle = len(rows) // 2
            self._insert(table, rows[:middle])
            self._insert(table, rows[middle:])
        elif (reason := self._fault_of(table, rows[0], refused)) is not None:
            self._set_aside([Reject(rows[0].place, table, reason, rows[0].body)])

    def _fault_of(self, table: str, row: TableRow, refused: _Refused) -> str | None:
        """Why the row is set aside; None if it is in after all. Raises `StoreUnavailableError` if it may not be the row."""
        if refused.is_lost:
            self._until_it_takes_rows(table)
            again = self._try(table, [row.body])
            if again is None:
                ROWS.labels(table).inc()
                return None
            refused = again
        if refused.is_lost:
            self._until_it_takes_rows(table)
        elif not refused.by_row:
            self._take_one_again(table)
        return refused.reason

    def _until_it_takes_rows(self, table: str) -> None:
        """Wait for a ClickHouse that comes back. Raises `StoreUnavailableError` if it does not: then it is an outage."""
        deadline = time.monotonic() + self._restart_s
        while True:
            try:
                return self._take_one_again(table)
            except StoreUnavailableError:
                if time.monotonic() > deadline or self._wait(_AGAIN_S):
                    raise

    def _try(self, table: str, bodies: Sequence[bytes]) -> _Refused | None:
        """None if the rows are in; why, if one of them can never be."""

        def insert(store: Store) -> None:
            # The library would put the statement before the rows in a copy of them all.
            statement = f"INSERT INTO {self._named(table)} FORMAT JSONEachRow".encode()
            block = b"\n".join([statement, *bodies])
            store.raw_insert("", insert_block=block, settings=INSERT_SETTINGS)

        return self._ask(table, insert, self._is_patient)

    def _take_one_again(self, table: str) -> None:
        """Prove that the table takes rows: write one that it has, to no effect. Raises `StoreUnavailableError`."""
        name = self._named(table)
        again = f"INSERT INTO {name} SELECT * FROM {name} LIMIT 1"
        refused = self._ask(table, lambda store: store.command(again), is_patient=True)
        if refused is not None:
            raise StoreUnavailableError(_STORE, f"{table} takes no rows: {refused.reason}")

    def _named(self, table: str) -> str:
        return f"{STORE}.{table_of(table, self._generation)}"

    def _ask(
        self, table: str, work: Callable[[Store], object], is_patient: bool
    ) -> _Refused | None:
        """None once `work` is done. Raises `StoreUnavailableError`."""
        try:
            # Connected when needed: ClickHouse may start after the sink.
            self._store = self._store or self._connect()
            work(self._store)
        except ClickHouseError as error:
            text = str(error)
            found = _CODE.search(text)
            code = int(found[1]) if found else 0
            by_row = code in _UNREADABLE
            if by_row or (code and code not in _WAITS_FOR and not is_patient):
                return _Refused(_rule_broken(text, code), by_row)
            if not code and not is_patient:
                return _LOST
            raise StoreUnavailableError(
                _WAITS_FOR.get(code, _STORE),
                f"insert into {table}: {redact_text(' '.join(text[:MAX_REASON].split()))}",
            ) from error
        except OSError as error:
            if not is_patient:
                return _LOST
            raise StoreUnavailableError(_STORE, f"insert into {table}: {error}") from error
        return None

    def _set_aside(self, rejects: Sequence[Reject]) -> None:
        at = rfc3339(self._clock.now_ms())
        bodies = []
        for reject in rejects:
            reason = redact_text(reject.reason)[:MAX_REASON]
            table = reject.table if reject.table in SINK_TABLES else "unknown"
            place = msgspec.structs.asdict(reject.place)
            _log.error("line set aside", **place, table=table, reason=reason)
            REJECTS.labels(table).inc()
            row = RejectRow(
                **place,
                table=reject.table,
                reason=reason,
                value=redact_nik(reject.value).decode("utf-8", "backslashreplace"),
                rejected_at=at,
            )
            bodies.append(encode_row(row))
        refused = self._try(REJECT_TABLE.name, bodies)
        if refused is not None:
            reason = redact_text(refused.reason[:MAX_REASON])
            raise StoreUnavailableError(_STORE, f"{REJECT_TABLE.name} takes no rows: {reason}")

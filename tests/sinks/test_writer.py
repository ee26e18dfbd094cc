"""Landing and writing without real parts: nothing that bytes can hold stops the sink, and positions come last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.lines import split
from contracts.results.topics import TABLE_HEADER, TABLE_TOPICS
from contracts.time.clock import RealClock
from sinks import table_lines
from sinks.batch import LinePlace, TableBatch, TableRow
from sinks.landing import EventLines
from sinks.writer import StoreUnavailableError, Writer
from tests.examples import DATA, line


@dataclass
class Rec:
    value: bytes | None
    topic: str = "sppg.events"
    partition: int = 1
    offset: int = 9
    timestamp: int = 1_795_490_133_000
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


class FakeStore:
    """Notes what is inserted; refuses as a test wants."""

    def __init__(self, refuse: bytes = b"", error: Exception | None = None) -> None:
        self.inserted: list[tuple[str, list[bytes]]] = []
        self._refuse = refuse
        self._error = error
        self.broken: Exception | None = None
        """What the table answers to any row."""

    def command(self, cmd: str) -> None:
        assert cmd.startswith("INSERT INTO pantau_store.exceptions SELECT")
        if self.broken:
            raise self.broken

    def raw_insert(self, table: str, *, insert_block: bytes, **_more: Any) -> None:
        assert not table
        statement, _, lines = insert_block.partition(b"\n")
        into, form = statement.decode().removeprefix("INSERT INTO pantau_store.").split(" ", 1)
        assert form == "FORMAT JSONEachRow"
        if self._error and into != "sink_rejects" and self._refuse in lines:
            raise self._error
        self.inserted.append((into, lines.split(b"\n")))


def rows(*bodies: bytes) -> list[TableRow]:
    return [
        TableRow(LinePlace("verdicts", 0, 0, number), body) for number, body in enumerate(bodies)
    ]


def write(
    store: FakeStore, is_patient: bool = True, restart_s: float = 0.0, **by_table: list[TableRow]
) -> None:
    batch = TableBatch()
    for table, some in by_table.items():
        for row in some:
            batch.add(table, row)
    Writer(lambda: store, RealClock(), restart_s=restart_s).write(batch, is_patient)


def test_positions_are_written_after_all_they_vouch_for() -> None:
    store = FakeStore()
    write(store, positions=rows(b"p"), performance=rows(b"a", b"b"), exceptions=rows(b"e"))
    assert [table for table, _ in store.inserted] == ["exceptions", "performance", "positions"]
    assert store.inserted[1][1] == [b"a", b"b"]


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_one_unreadable_row_costs_only_itself(bad: int) -> None:
    bodies = [b"row-%d" % number for number in range(7)]
    store = FakeStore(bodies[bad], DatabaseError("Code: 117. DB::Exception: nonsense"))
    write(store, exceptions=rows(*bodies))
    kept = [body for table, some in store.inserted if table == "exceptions" for body in some]
    assert kept == bodies[:bad] + bodies[bad + 1 :]
    rejects = [body for table, some in store.inserted if table == "sink_rejects" for body in some]
    assert [msgspec.json.decode(body)["line"] for body in rejects] == [bad]
    assert msgspec.json.decode(rejects[0])["value"] == bodies[bad].decode()


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("connection refused"),
        DatabaseError("Code: 60. DB::Exception: no such table"),
        DatabaseError("Code: 241. DB::Exception: memory limit"),
        OSError("reset"),
    ],
)
def test_trouble_of_the_store_is_no_fault_of_a_row(error: Exception) -> None:
    store = FakeStore(b"", error)
    with pytest.raises(StoreUnavailableError):
        write(store, exceptions=rows(b"a", b"b"))
    assert store.inserted == []


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_an_unknown_error_of_one_row_is_waited_for_then_the_row_is_set_aside(bad: int) -> None:
    bodies = [b"row-%d" % number for number in range(7)]
    store = FakeStore(bodies[bad], DatabaseError("Code: 190. DB::Exception: of no list"))
    with pytest.raises(StoreUnavailableError):
        write(store, exceptions=rows(*bodies))
    assert store.inserted == []
    write(store, is_patient=False, exceptions=rows(*bodies))
    kept = [body for table, some in store.inserted if table == "exceptions" for body in some]
    assert kept == bodies[:bad] + bodies[bad + 1 :]
    (aside,) = [body for table, some in store.inserted if table == "sink_rejects" for body in some]
    assert msgspec.json.decode(aside)["value"] == bodies[bad].decode()
    assert "code 190" in msgspec.json.decode(aside)["reason"]


class EndingStore(FakeStore):
    """Ends at some row, and comes back after `away` more questions; `ends`: so many times at most."""

    def __init__(self, ends_at: bytes, ends: int, away: int = 0) -> None:
        super().__init__(ends_at, OperationalError("no answer"))
        self._left, self._away, self._until = ends, away, 0

    def command(self, cmd: str) -> None:
        super().command(cmd)
        if self._until:
            self._until -= 1
            raise OSError("connection refused")

    def raw_insert(self, table: str, *, insert_block: bytes, **more: Any) -> None:
        if self._left == 0:
            self._error = None
        try:
            super().raw_insert(table, insert_block=insert_block, **more)
        except OperationalError:
            self._left, self._until = self._left - 1, self._away
            raise


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_a_row_that_ends_clickhouse_each_time_is_set_aside(bad: int) -> None:
    bodies = [b"row-%d" % number for number in range(7)]
    store = EndingStore(bodies[bad], 1_000, away=1)
    with pytest.raises(StoreUnavailableError):
        write(store, exceptions=rows(*bodies))
    write(store, is_patient=False, restart_s=30.0, exceptions=rows(*bodies))
    kept = [body for table, some in store.inserted if table == "exceptions" for body in some]
    assert kept == bodies[:bad] + bodies[bad + 1 :]
    (aside,) = [body for table, some in store.inserted if table == "sink_rejects" for body in some]
    assert msgspec.json.decode(aside)["value"] == bodies[bad].decode()


def test_a_row_during_which_clickhouse_ended_once_more_is_taken() -> None:
    store = EndingStore(b"a", 2)
    write(store, is_patient=False, exceptions=rows(b"a", b"b"))
    assert store.inserted == [("exceptions", [b"a"]), ("exceptions", [b"b"])]


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (DatabaseError("Code: 190. DB::Exception: x"), DatabaseError("Code: 190. DB::Exception")),
        (DatabaseError("Code: 60. DB::Exception: x"), DatabaseError("Code: 60. DB::Exception: x")),
        (DatabaseError("Code: 243. DB::Exception: no room"), None),
        (OperationalError("connection refused"), None),
        (OSError("reset"), None),
    ],
)
def test_no_row_is_set_aside_for_a_table_that_takes_none(
    error: Exception, broken: Exception | None
) -> None:
    store = FakeStore(b"", error)
    store.broken = broken or error
    with pytest.raises(StoreUnavailableError):
        write(store, is_patient=False, exceptions=rows(b"a", b"b"))
    assert store.inserted == []


@given(st.binary(max_size=300) | st.lists(st.binary(max_size=40)).map(b"\n".join))
def test_every_line_becomes_one_row_whatever_it_holds(value: bytes) -> None:
    batch = TableBatch()
    EventLines(b"k" * 32, RealClock()).land(Rec(value), batch)
    landed = batch.rows.get("raw_lines", [])
    assert [row.place for row in landed] == [
        LinePlace("sppg.events", 1, 9, number) for number in range(len(split(value)))
    ]
    assert all(msgspec.json.decode(row.body)["parsed"] == 0 for row in landed)


@pytest.mark.parametrize("type_", DATA)
def test_valid_events_are_parsed(type_: str) -> None:
    batch = TableBatch()
    EventLines(b"k" * 32, RealClock()).land(Rec(line(type_)), batch)
    row = msgspec.json.decode(batch.rows["raw_lines"][0].body)
    assert (row["parsed"], row["type"]) == (1, type_)


def test_times_that_no_column_holds_leave_a_line_unparsed() -> None:
    batch = TableBatch()
    value = b"\n".join(
        line("unit.heartbeat", time=time)
        for time in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    )
    EventLines(b"k" * 32, RealClock()).land(Rec(value), batch)
    EventLines(b"k" * 32, RealClock()).land(
        Rec(line("sppg.delivery.received", data={"cooked_at": "x"})), batch
    )
    assert [msgspec.json.decode(row.body)["parsed"] for row in batch.rows["raw_lines"]] == [0, 0, 0]


@pytest.mark.parametrize("name", [None, b"", b"raw_lines", b"sink_rejects", b"migrations"])
def test_table_lines_go_to_tables_of_the_contract_only(name: bytes | None) -> None:
    batch = TableBatch()
    headers: list[tuple[str, bytes | None]] = [] if name is None else [(TABLE_HEADER, name)]
    table_lines.land(Rec(b"{}\n{}", TABLE_TOPICS[0], headers=headers), batch)
    assert not batch.rows
    assert [reject.place.line for reject in batch.rejects] == [0, 1]


def test_rows_of_many_months_are_taken_in_one_insert(store: Client) -> None:
    """ClickHouse's limit of a hundred partitions would refuse the whole batch."""
    event = EventLines(b"k" * 32, RealClock())
    batch = TableBatch()
    month_ms = 31 * 86_400_000
    for number in range(150):
        place = Rec(
            line("unit.heartbeat"), offset=number, timestamp=1_000_000_000_000 + number * month_ms
        )
        event.land(place, batch)
    Writer(lambda: store, RealClock()).write(batch)
    found = store.query(
        "SELECT count(), uniqExact(toYYYYMM(append_at)) FROM pantau_store.raw_lines"
    )
    assert found.result_rows == [(150, 150)]

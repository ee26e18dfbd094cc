"""How long the sink gathers rows, with the clock in the test's hand."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final

import pytest
from kafka.structs import TopicPartition

from chassis.health import Health
from chassis.kafka.blocking.paced_consumer import BUSY_WAIT_MS
from contracts.results.topics import UNIT_WINDOWS
from contracts.time.clock import RealClock
from sinks import reader as sinks_reader
from sinks.batch import LinePlace, TableBatch, TableRow
from sinks.reader import BEHIND_S, GATHER_S, Reader
from sinks.sink_metrics import Readiness
from sinks.writer import Writer

PLACE: Final = TopicPartition(UNIT_WINDOWS, 0)
EVERY_S: Final = 0.05
STEP_S: Final = 5.0


class Rows:
    """A consumer whose partition gets a row at each of `moments`, seconds."""

    def __init__(self, moments: list[float]) -> None:
        self.now_s = 0.0
        self._moments = moments
        self._offset = 0

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        until_s = self.now_s + timeout_ms / 1000
        if not self._moments or self._moments[0] > until_s:
            self.now_s = until_s
            return {}
        self.now_s = max(self.now_s, self._moments.pop(0))
        self._offset += 1
        row = SimpleNamespace(topic=UNIT_WINDOWS, partition=0, offset=self._offset, value=b"{}")
        return {PLACE: [row]}

    def position(self, _place: object, timeout_ms: int) -> int:  # noqa: ARG002
        return self._offset

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    def commit(self, _offsets: object) -> None: ...


def land(record: Any, batch: TableBatch) -> None:
    place = LinePlace(record.topic, record.partition, record.offset, 0)
    batch.add("performance", TableRow(place, record.value))


def reader_of(rows: Rows, written: list[float], stop: threading.Event) -> Reader:
    store: Any = SimpleNamespace(raw_insert=lambda *_, **__: written.append(rows.now_s))
    return Reader(
        "tables",
        rows,
        {UNIT_WINDOWS: land},
        Writer(lambda: store, RealClock()),
        lambda _: None,
        Readiness(Health("sinks"), ("tables",)),
        stop,
        STEP_S,
    )


def use_clock(monkeypatch: pytest.MonkeyPatch, rows: Rows) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: rows.now_s)
    began_ms = (1_000_000_000 + BEHIND_S) * 1000  # steps begin at 0, STEP_S and so on
    monkeypatch.setattr(sinks_reader, "real_now_ms", lambda: began_ms + rows.now_s * 1000)


def writes(monkeypatch: pytest.MonkeyPatch, moments: list[float]) -> list[float]:
    """When batches were written."""
    rows, end_s = Rows(list(moments)), moments[-1] + 5
    use_clock(monkeypatch, rows)
    written: list[float] = []
    reader = reader_of(rows, written, threading.Event())
    while rows.now_s < end_s:
        reader.step()
    return written


def test_rows_that_come_all_the_time_are_written_once_a_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = 10
    written = writes(monkeypatch, [at * EVERY_S for at in range(int(steps * STEP_S / EVERY_S))])
    assert len(written) == steps + 1
    assert all(at % STEP_S < EVERY_S for at in written[1:]), "behind the streams' moments"
    assert all(later - before > STEP_S - 1 for before, later in pairwise(written[1:]))


def test_what_comes_first_and_what_comes_after_a_pause_waits_for_no_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert writes(monkeypatch, [1.0, 60.0]) == pytest.approx([1.0 + GATHER_S, 60.0 + GATHER_S])


def test_one_that_is_to_stop_writes_soon_what_it_has_gathered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, written, stop = Rows([0.0, 0.5]), list[float](), threading.Event()
    use_clock(monkeypatch, rows)
    reader = reader_of(rows, written, stop)
    reader.step()
    poll = rows.poll

    def then_stop(timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        found = poll(timeout_ms)
        if not found:
            stop.set()
        return found

    monkeypatch.setattr(rows, "poll", then_stop)
    reader.step()
    assert written == [GATHER_S, pytest.approx(0.5 + BUSY_WAIT_MS / 1000)]

"""What a worker says of itself while it stands still, or its broker does."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from chassis.feeds import log_ends
from chassis.feeds.log_ends import Ends, LogEnds
from chassis.health import Health
from chassis.kafka.cluster import Cluster
from contracts.results.topics import SPPG_EVENTS
from streams.agents.owners import Owners
from streams.agents.worker_health import WorkerHealth

PLACE = (SPPG_EVENTS, 0)


class Worker:
    """A worker that owns one partition and stands at offset 7; `pass_s` lets time go by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.owner: Any = SimpleNamespace(flushed=7, flushing_s=0.0)
        owners = Owners(lambda _place: None, lambda *_: None)
        vars(owners)["_owners"] = {TP(*PLACE): self.owner}
        self.ends = LogEnds(Cluster("localhost:1"), [PLACE])
        self.says = WorkerHealth(owners, self.ends)
        self.health = Health("streams")
        self.health.check(self.says.trouble)
        self.health.ready()

    def pass_s(self, seconds: float, *, turns: bool, answers: Ends | None) -> str | None:
        self.now += seconds
        if turns:
            self.says.turned()
        if answers is not None:
            self.ends.note(answers)
        return self.says.trouble()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(monkeypatch)


WELL = Ends({PLACE: 9}, {PLACE: 9})


def gauges(worker: Worker) -> dict[str, float]:
    return {one.name: one.samples[0].value for one in worker.says.collect()}


def test_it_is_well_while_it_turns_and_the_broker_answers(worker: Worker) -> None:
    assert "has not answered yet" in str(worker.says.trouble())
    assert worker.pass_s(60, turns=True, answers=WELL) is None
    assert worker.health.is_ready
    assert gauges(worker) == {"pantau_stream_position": 7, "pantau_stream_lag_records": 2}
    worker.owner.flushed = 9
    assert gauges(worker)["pantau_stream_lag_records"] == 0


def test_a_worker_that_stands_still(worker: Worker) -> None:
    worker.pass_s(1, turns=True, answers=WELL)
    assert "stood still for 30 s" in str(worker.pass_s(30, turns=False, answers=WELL))
    assert not worker.health.is_ready
    assert worker.pass_s(1, turns=True, answers=WELL) is None


def test_a_flush_that_does_not_end(worker: Worker) -> None:
    worker.owner.flushing_s = 25.0
    assert "flush has been under way for 25 s" in str(worker.pass_s(1, turns=True, answers=WELL))


def test_a_broker_that_is_dead(worker: Worker) -> None:
    worker.pass_s(1, turns=True, answers=WELL)
    assert "has not answered for 30 s" in str(worker.pass_s(30, turns=True, answers=None))


def test_a_transaction_that_stays_open(worker: Worker) -> None:
    held = Ends({PLACE: 12}, {PLACE: 8})
    assert worker.pass_s(1, turns=True, answers=held) is None
    assert gauges(worker)["pantau_stream_lag_records"] == 5
    said = worker.pass_s(log_ends.EndsPolicy().open_s + 1, turns=True, answers=held)
    assert said == f"{SPPG_EVENTS}/0 waits at offset 8 for an open transaction, for 21 s"
    # It ends, and another one is open further on: our own flushes are such.
    assert worker.pass_s(30, turns=True, answers=Ends({PLACE: 20}, {PLACE: 15})) is None

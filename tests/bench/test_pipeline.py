"""`bench.pipeline` on a build that does nothing, and the plain build's sums."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bench.peers.plain.plain_windows import WindowCounters, what_it_adds
from bench.pipeline.hops import Hops
from bench.pipeline.kitchen_requests import (
    DAY_MS,
    LIVE_MS,
    KitchenRequest,
    LoadScenario,
    ScenarioGoal,
    make_requests,
)
from bench.pipeline.measured_run import BuildResult, BuildRun, json_loads_us
from bench.pipeline.part_costs import PARTS, difference, parts_of, read_costs
from bench.pipeline.pipeline_report import PipelineRun, write
from chassis.regions.region_folder import load_region
from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.registry.entities import RegionRegistry
from pantau.installation import ROOT

ZONE = ZoneInfo("Asia/Jakarta")
SCENARIOS = (
    LoadScenario("batches", 300, 50, LIVE_MS, goal=ScenarioGoal(most_us=14, least_ratio=4)),
    LoadScenario("one a request", 40, 1, LIVE_MS, rate=1_000),
)


@pytest.fixture(scope="module")
def registry() -> RegionRegistry:
    return load_region(ROOT / "regions" / "32.11")


class IdleBuild:
    """Takes requests and does nothing with them; this process stands for every part."""

    name = "idle"

    def __init__(self) -> None:
        self.parts = dict.fromkeys(PARTS, os.getpid())
        self.sender = self.hops = self
        self.rates: list[float] = []
        self.taken = self.drained = 0

    async def send(self, requests: Sequence[KitchenRequest], rate: float) -> None:
        self.taken += sum(one.events for one in requests)
        self.rates.append(rate)

    def read(self) -> Hops:
        return Hops(Counter(live=self.taken), Counter(live=100 * self.taken), Counter())

    def drain(self, events: int) -> None:
        self.drained = events

    def stored(self) -> int:
        return self.taken


def _run(build: IdleBuild, registry: RegionRegistry) -> BuildResult:
    return BuildRun(build, registry, lambda _: None, settle_s=0).run(SCENARIOS, 0.1)


def test_all_that_is_sent_is_waited_for_and_counted(registry: RegionRegistry) -> None:
    build = IdleBuild()
    result = _run(build, registry)
    assert build.drained == build.taken
    assert build.rates[-2:] == [0, 1_000]
    batches, one_by_one = result.costs
    assert (batches.events, one_by_one.events) == (300, 40)
    assert batches.hops.records == Counter(live=batches.events)


def test_a_lost_event_fails_the_run(registry: RegionRegistry) -> None:
    class LosingBuild(IdleBuild):
        def stored(self) -> int:
            return max(self.taken - 1, 0)

    with pytest.raises(RuntimeError, match="stored"):
        _run(LosingBuild(), registry)


def _of(result: BuildResult, micros: float) -> BuildResult:
    each = dict.fromkeys(PARTS, micros)
    return result._replace(costs=[one._replace(micros=each) for one in result.costs])


def test_the_page_has_ratios_and_hops(registry: RegionRegistry) -> None:
    result = _of(_run(IdleBuild(), registry), 2.0)
    run = PipelineRun("python -m bench.pipeline", "a machine", "2026-11-29T05:00:00Z", 114, 2.0)
    page = write(run, [result, _of(result, 6.0)._replace(name="plain build")])
    assert "| idle: batches | 1.00 | 100.00 | 0.00 |" in page
    assert "| batches | 3.0 |" in page
    assert "| 14 | 7 |" in page
    assert "- idle, batches: `live` 100" in page
    assert "| batches, microseconds an event | 14 | at most 14 | met |" in page
    assert "| batches, plain build to idle | 3.0 | at least 4 | missed |" in page
    assert "| one a request, microseconds" not in page
    assert "{" not in page


def test_requests_are_what_ingest_takes(registry: RegionRegistry) -> None:
    made = make_requests(registry, LoadScenario("", 400, 50, 3 * DAY_MS, hours_a_day=13), 1)
    events = [event for one in made for event in json.loads(one.body)]
    assert not [one for one in events if isinstance(decode_line(json.dumps(one).encode()), Refusal)]
    assert all("receivedtime" not in one for one in events)
    assert len({one["id"] for one in events}) == len(events) == 400
    assert json_loads_us(registry) > 0


def _children(command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", command]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_part_has_all_processes_below_it() -> None:
    burn = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    for process in _children(burn):
        before = read_costs({"busy": process.pid})
        deadline = time.monotonic() + 60
        while difference(before, read_costs({"busy": process.pid}))["busy"] < 0.2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(RuntimeError, match="clickhouse, gateway"):
            parts_of(process.pid)
        for child in process_children(process.pid):
            os.kill(child, 9)


def process_children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]


def test_the_plain_builds_windows_are_sums_of_its_events() -> None:
    counters = WindowCounters({}, {}, ZONE)
    now = datetime.now(ZONE)  # noqa: TID251 - the plain build runs on the machine's clock
    times = [now - timedelta(minutes=minutes) for minutes in (0, 7, 7, 40, 60 * 24 * 2)]
    for time_ in times:
        counters.add("unit|A", time_, {"events": 1})
    for row in counters.rows():
        start, end = (datetime.fromisoformat(row[name]) for name in ("window_start", "window_end"))
        assert row["events"] == sum(start <= time_ < end for time_ in times), row
    assert not list(counters.rows())


def test_the_plain_build_counts_a_delivery() -> None:
    data = {"portions": 7, "cooked_at": "2026-11-29T01:00:00Z"}
    event = {"type": "sppg.delivery.received", "time": "2026-11-29T06:00:00Z", "data": data}
    assert what_it_adds(event) == {
        "portions_received": 7, "deliveries": 1, "deliveries_over_4h": 1, "events": 1,
    }  # fmt: skip

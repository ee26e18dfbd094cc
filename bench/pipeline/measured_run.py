"""One build through all scenarios: what each of its parts used, less what it uses when nothing comes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from bench.pipeline.hops import Hops
from bench.pipeline.kitchen_requests import LIVE_MS, KitchenRequest, LoadScenario, make_requests
from bench.pipeline.part_costs import Costs, difference, read_costs
from contracts.registry.entities import RegionRegistry


class Sends(Protocol):
    """`RequestSender`, as far as a run needs it."""

    async def send(self, requests: Sequence[KitchenRequest], rate: float) -> None:
        """See there."""


class ReadsHops(Protocol):
    """`HopReader`, as far as a run needs it."""

    def read(self) -> Hops:
        """See there."""


class Build(Protocol):
    """What is measured. `parts`: part -> process id."""

    @property
    def name(self) -> str: ...
    @property
    def parts(self) -> dict[str, int]: ...
    @property
    def sender(self) -> Sends: ...
    @property
    def hops(self) -> ReadsHops: ...

    def drain(self, events: int) -> None:
        """Returns once everything holds all that was sent, `events` since the start."""

    def stored(self) -> int:
        """Events in ClickHouse, each once."""


class ScenarioCost(NamedTuple):
    """`micros`: part -> CPU microseconds an event; `hops`: what was added; `seconds`: until all was drained."""

    scenario: LoadScenario
    events: int
    micros: Costs
    hops: Hops
    seconds: float


class BuildResult(NamedTuple):
    """`idle`: part -> percent of a core."""

    name: str
    idle: Costs
    costs: list[ScenarioCost]


class BuildRun:
    """Takes `build` through scenarios. `tell`: what is being done, for who waits; `settle_s`: what is behind the last rows."""

    def __init__(
        self,
        build: Build,
        registry: RegionRegistry,
        tell: Callable[[str], None],
        settle_s: float = 2.0,
    ) -> None:
        self._build, self._registry, self._tell = build, registry, tell
        self._settle_s = settle_s
        self._sent = 0

    def run(self, scenarios: Sequence[LoadScenario], idle_s: float) -> BuildResult:
        """Warm up, stand idle, and each scenario. Raises `RuntimeError` if ClickHouse does not hold what was sent."""
        for size in (50, 1):
            self._send(LoadScenario("warm-up", 114 * size, size, LIVE_MS), 1000 + size)
        time.sleep(self._settle_s)
        self._tell(f"{self._build.name}: idle")
        before = read_costs(self._build.parts)
        time.sleep(idle_s)
        used = difference(before, read_costs(self._build.parts))
        idle = {part: seconds / idle_s * 100 for part, seconds in used.items()}
        costs = [self._cost(one, seed, idle) for seed, one in enumerate(scenarios, 1)]
        if (stored := self._build.stored()) != self._sent:
            raise RuntimeError(f"{self._build.name}: {self._sent} events sent, {stored} stored")
        return BuildResult(self._build.name, idle, costs)

    def _cost(self, scenario: LoadScenario, seed: int, idle: Costs) -> ScenarioCost:
        self._tell(f"{self._build.name}: {scenario.name}")
        hops, start = self._build.hops.read(), time.monotonic()
        before = read_costs(self._build.parts)
        events = self._send(scenario, seed)
        seconds = time.monotonic() - start
        used = difference(before, read_costs(self._build.parts))
        micros = {
            part: (cpu - idle[part] / 100 * seconds) / events * 1e6 for part, cpu in used.items()
        }
        self._tell(f"  {events} events, {sum(micros.values()):.0f} us of CPU each")
        return ScenarioCost(scenario, events, micros, self._build.hops.read().since(hops), seconds)

    def _send(self, scenario: LoadScenario, seed: int) -> int:
        requests = make_requests(self._registry, scenario, seed)
        asyncio.run(self._build.sender.send(requests, scenario.rate))
        count = sum(one.events for one in requests)
        self._sent += count
        self._build.drain(self._sent)
        # What is behind the last rows: state, offsets, merges that they began.
        time.sleep(self._settle_s)
        return count


def json_loads_us(registry: RegionRegistry) -> float:
    """CPU microseconds of one `json.loads` of an event, on the average; the least of five rounds."""
    bodies = [one.body for one in make_requests(registry, LoadScenario("", 5_000, 1, LIVE_MS), 9)]
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for body in bodies:
            json.loads(body)
        rounds.append((time.process_time() - start) / len(bodies) * 1e6)
    return min(rounds)

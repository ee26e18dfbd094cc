"""Requests of kitchens as devices send them: bodies made before the clock runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from bench.streams.generate import Thrower, event_times
from contracts.registry.entities import RegionRegistry
from contracts.time.clock import real_now_ms

LIVE_MS = 600_000
DAY_MS = 86_400_000


class ScenarioGoal(NamedTuple):
    """`most_us`: CPU microseconds of all parts an event; `least_ratio`: how many times as many the plain build uses."""

    most_us: float
    least_ratio: float


class LoadScenario(NamedTuple):
    """`size`: events a request; `span_ms`: their times are so long before now; `rate`: requests a second, 0: as fast as answers come;
    `goal`: what is asked of it."""

    name: str
    events: int
    size: int
    span_ms: int
    hours_a_day: int = 24
    rate: float = 0.0
    goal: ScenarioGoal | None = None


class KitchenRequest(NamedTuple):
    """One request of one kitchen's device."""

    unit: str
    body: bytes
    events: int


def make_requests(
    registry: RegionRegistry, scenario: LoadScenario, seed: int
) -> Sequence[KitchenRequest]:
    """Requests of `size` events each, `events` in all; a kitchen's in the order of their times."""
    thrower, now_ms = Thrower(registry, seed), real_now_ms()
    # What is left of each kitchen at the end does not fill a request.
    left_over = (scenario.size - 1) * sum(unit.kind == "sppg" for unit in registry.units)
    made: list[KitchenRequest] = []
    waiting: dict[str, list[bytes]] = {}
    count = scenario.events + left_over
    times = event_times(random.Random(seed), count, now_ms, scenario.span_ms, scenario.hours_a_day)
    for time_ms in times:
        unit, line, _ = thrower.event(time_ms, "")
        # Ingest stamps what a device sends; the generator's own stamp is for who goes round it.
        some = waiting.setdefault(unit, [])
        some.append(line.rpartition(b',"receivedtime"')[0] + b"}")
        if len(some) == scenario.size:
            body = some[0] if scenario.size == 1 else b"[%s]" % b",".join(some)
            made.append(KitchenRequest(unit, body, len(some)))
            some.clear()
    return made[: scenario.events // scenario.size]

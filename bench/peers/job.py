"""The job of the comparison, less what each library is there for: state, recovery and emission.

    record -> decode_lines (the whole record in one call) -> check -> facts: what each accepted line adds to its pane

The peers keep eight sums a pane; Pantau's agent keeps fifteen, a histogram and the recipients, and writes
unit rows of five windows, verdicts and dead letters besides. What they have in common is compared.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from contracts.checks import check, effective_received
from contracts.codes import Refusal
from contracts.decode import decode_lines
from contracts.events import (
    CookingFinished,
    DeliveryReceived,
    Event,
    MealEaten,
    TemperatureMeasured,
)
from contracts.identity import digest
from contracts.registry import RegionRegistry, Registry
from contracts.topics import CONTROL_HEADER
from contracts.windows import pane_of

METRICS: Final = (
    "events",
    "portions_cooked",
    "portions_received",
    "deliveries",
    "portions_eaten",
    "leftover_g",
    "temp_readings",
    "temp_in_range",
)
"""What is compared, by the names of the public contract, in the order of the sums."""

_EVENTS, _COOKED, _RECEIVED, _DELIVERIES, _EATEN, _LEFTOVER, _READINGS, _IN_RANGE = range(8)

Adds = tuple[tuple[int, int], ...]
"""(index in `METRICS`, amount) of one event."""

Row = tuple[str, int, list[int]]
"""(unit, pane, sums): absolute values."""

encode_rows = msgspec.msgpack.Encoder().encode
decode_rows = msgspec.msgpack.Decoder(list[Row]).decode


class Fact(NamedTuple):
    """One accepted line. `digest` is equal for equal events."""

    unit: str
    id: str
    digest: bytes
    pane: int
    adds: Adds


class Order(NamedTuple):
    """What the harness tells a contestant through its environment."""

    broker: str
    topic: str
    out: str
    group: str
    flush_s: float
    batch: int
    home: Path
    registry: Path

    @staticmethod
    def read() -> Order:
        """From `BENCH_*`."""
        of = {name.lower(): text for name, text in os.environ.items() if name.startswith("BENCH_")}
        return Order(
            of["bench_broker"],
            of["bench_topic"],
            of["bench_out"],
            of["bench_group"],
            float(of["bench_flush_s"]),
            int(of["bench_batch"]),
            Path(of["bench_home"]),
            Path(of["bench_registry"]),
        )

    def environment(self) -> dict[str, str]:
        """What `read` reads."""
        return {f"BENCH_{name.upper()}": str(value) for name, value in self._asdict().items()}


class Job:
    """Decodes and checks records. `registry`: file with `RegionRegistry.encode()` of one region."""

    def __init__(self, registry: Path) -> None:
        one = RegionRegistry.decode(registry.read_bytes())
        self._registry = Registry([one])
        self._limits = one.region.thresholds

    def facts(self, value: bytes, append_ms: int) -> list[Fact]:
        """The accepted lines of one record, duplicates among them."""
        found = []
        for item in decode_lines(value):
            if isinstance(item, Refusal):
                continue
            received = effective_received(item.received_ms, append_ms)
            if check(item, self._registry, received) is None:
                pane = pane_of(item.time_ms)
                fact = Fact(item.origin.unit_id, item.id, digest(item), pane, self._adds(item))
                found.append(fact)
        return found

    def _adds(self, event: Event) -> Adds:
        if isinstance(event, TemperatureMeasured):
            limits, celsius = self._limits, event.data.temp_c
            good = limits.chiller_min_c <= celsius <= limits.chiller_max_c
            return (_EVENTS, 1), (_READINGS, 1), (_IN_RANGE, int(good))
        if isinstance(event, DeliveryReceived):
            return (_EVENTS, 1), (_RECEIVED, event.data.portions), (_DELIVERIES, 1)
        if isinstance(event, MealEaten):
            data = event.data
            return (_EVENTS, 1), (_EATEN, sum(data.eaten.values())), (_LEFTOVER, data.leftover_g)
        if isinstance(event, CookingFinished):
            return (_EVENTS, 1), (_COOKED, event.data.portions)
        return ((_EVENTS, 1),)


def zero() -> list[int]:
    """The sums of an empty pane."""
    return [0] * len(METRICS)


def add(sums: list[int], adds: Adds) -> None:
    """Adds one event to its pane's sums."""
    for index, amount in adds:
        sums[index] += amount


def is_control(headers: Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None) -> bool:
    """A tick or a registry change of Pantau's own: the peers have their registry from a file."""
    return bool(headers) and CONTROL_HEADER in dict(headers or {})

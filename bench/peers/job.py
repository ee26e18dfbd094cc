"""The job of the comparison, less what each library is there for: state, recovery and emission.

    record -> decode_lines (a record in one call) -> check -> facts: what each accepted line adds to its pane

What becomes of the facts is in `bench.peers.peer_windows`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from contracts.events.checks import check, effective_received
from contracts.events.codes import Refusal
from contracts.events.decode import decode_lines
from contracts.events.event_types import (
    CookingFinished,
    DeliveryReceived,
    Event,
    MealEaten,
    TemperatureMeasured,
)
from contracts.events.identity import digest
from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.columns import names
from contracts.results.public_rows import SUMS
from contracts.results.topics import CONTROL_HEADER
from contracts.time.days import DAY_MS
from contracts.time.instant import epoch_ms
from contracts.time.windows import pane_of

METRICS: Final = names(SUMS)
"""The additive metrics of a kitchen, in the order of the sums."""

_INDEX: Final = {name: index for index, name in enumerate(METRICS)}
_EVENT: Final = (_INDEX["events"], 1)
_READING: Final = (_INDEX["temp_readings"], 1)
_IN_RANGE: Final = (_INDEX["temp_in_range"], 1)
_DELIVERY: Final = (_INDEX["deliveries"], 1)
_ON_TIME: Final = (_INDEX["deliveries_on_time"], 1)
_OVER_4H: Final = (_INDEX["deliveries_over_4h"], 1)
_OVER_6H: Final = (_INDEX["deliveries_over_6h"], 1)
_COOKED: Final = _INDEX["portions_cooked"]
_RECEIVED: Final = _INDEX["portions_received"]
_EATEN: Final = _INDEX["portions_eaten"]
_LEFTOVER: Final = _INDEX["leftover_g"]
_MINUTE_MS: Final = 60_000

Adds = tuple[tuple[int, int], ...]
"""(index in `METRICS`, amount) of one event."""

GC_THRESHOLDS: Final = (50_000, 20, 100)
"""Of Python's garbage collector: for all peers what Pantau's worker has."""


class PeerFact(NamedTuple):
    """One accepted line. `digest` is equal for equal events; `minutes`: from cooking to receipt, of a delivery."""

    unit: str
    id: str
    digest: bytes
    pane: int
    day: int
    adds: Adds
    minutes: int | None


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
    """Decodes and checks records. `registry`: file with `RegionRegistry.encode()` of one region.

    `now_ms`: the newest append time, by which windows begin.
    """

    def __init__(self, registry: Path) -> None:
        one = RegionRegistry.decode(registry.read_bytes())
        self._registry = Registry([one])
        self._limits = one.region.thresholds
        self.region = one.region.code
        self.zone = self._registry.zone(one.region.code)
        self.now_ms = 0

    def facts(self, value: bytes, append_ms: int) -> list[PeerFact]:
        """The accepted lines of one record, duplicates among them."""
        self.now_ms = max(self.now_ms, append_ms)
        found = []
        for item in decode_lines(value):
            if isinstance(item, Refusal):
                continue
            received = effective_received(item.received_ms, append_ms)
            if check(item, self._registry, received) is None:
                day, offset_ms = self.zone.day_and_offset(item.time_ms)
                adds, minutes = self._says(item, day, (item.time_ms + offset_ms) % DAY_MS)
                unit, pane = item.origin.unit_id, pane_of(item.time_ms)
                found.append(PeerFact(unit, item.id, digest(item), pane, day, adds, minutes))
        return found

    def _says(self, event: Event, day: int, ms_of_day: int) -> tuple[Adds, int | None]:
        """What an event of those that `bench.streams.generate` throws adds, and the minutes of a delivery."""
        if isinstance(event, TemperatureMeasured):
            limits, celsius = self._limits, event.data.temp_c
            good = limits.chiller_min_c <= celsius <= limits.chiller_max_c
            return (_EVENT, _READING, _IN_RANGE) if good else (_EVENT, _READING), None
        if isinstance(event, DeliveryReceived):
            return self._delivery(event, day, ms_of_day)
        if isinstance(event, MealEaten):
            data = event.data
            eaten = sum(data.eaten.values())
            return (_EVENT, (_EATEN, eaten), (_LEFTOVER, data.leftover_g)), None
        if isinstance(event, CookingFinished):
            return (_EVENT, (_COOKED, event.data.portions)), None
        return (_EVENT,), None

    def _delivery(self, event: DeliveryReceived, day: int, ms_of_day: int) -> tuple[Adds, int]:
        minutes = (event.time_ms - epoch_ms(str(event.data.cooked_at))) // _MINUTE_MS
        adds: Adds = (_EVENT, _DELIVERY, (_RECEIVED, event.data.portions))
        recipient = self._registry.recipient(event.subject, day)
        if recipient is not None and ms_of_day <= recipient.meal_time * _MINUTE_MS:
            adds += (_ON_TIME,)
        if minutes > 240:
            adds += (_OVER_4H,)
        if minutes > 360:
            adds += (_OVER_6H,)
        return adds, minutes


def is_control(headers: Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None) -> bool:
    """A tick or a registry change of Pantau's own: the peers have their registry from a file."""
    return bool(headers) and CONTROL_HEADER in dict(headers or {})

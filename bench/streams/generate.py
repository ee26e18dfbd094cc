"""A kabupaten's kitchens as a line of events, the same for the same seed, and what must come out of it.

    half of the events temperatures, 20 % deliveries, 20 % meals, 10 % cooking; of all lines 2 % come a second time and
    1 % are refused. Most of these fail the check against registry and time; one in fifty is no event at all, which
    ingest would have refused and which costs its record a second reading.

The truth is summed here from what was thrown, not from what was decoded.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from bench.peers.job import METRICS
from contracts.registry.entities import RegionRegistry
from contracts.time.instant import rfc3339
from contracts.time.windows import pane_of

_DUPLICATES: Final = 0.02
_REFUSED: Final = 0.01
_MALFORMED_OF_REFUSED: Final = 0.02
_RECENT: Final = 2_000
_DAY_MS: Final = 86_400_000
_INDEX: Final = {name: index for index, name in enumerate(METRICS)}
_encode = msgspec.json.Encoder().encode

_MINUTES: Final = "minutes"
"""What a delivery adds beside metrics: its minutes from cooking to receipt."""

Truth = dict[tuple[str, int], list[int]]
"""(unit, pane) -> sums in the order of `METRICS`."""


@dataclass
class Content:
    """Lines as they go on the topic, each with its unit, none later than `now_ms`; and what they come to:
    the panes' sums and the minutes of the deliveries in them.
    """

    now_ms: int
    lines: list[tuple[str, bytes]] = field(default_factory=list)
    truth: Truth = field(default_factory=dict)
    minutes: dict[tuple[str, int], list[int]] = field(default_factory=dict)


class Thrower:
    """Throws events of one region's kitchens."""

    def __init__(self, registry: RegionRegistry, seed: int) -> None:
        self._chance = random.Random(seed)
        self._region = registry.region.code
        self._limits = registry.region.thresholds
        fed: dict[str, list[tuple[str, dict[str, int]]]] = {}
        for one in registry.recipients:
            fed.setdefault(one.unit_id, []).append((one.recipient_id, dict(one.registered)))
        kitchens = sorted(
            unit.unit_id
            for unit in registry.units
            if unit.kind == "sppg" and unit.status == "active"
        )
        self._kitchens = [(unit, fed[unit]) for unit in kitchens if unit in fed]
        self._zone = ZoneInfo(registry.region.timezone)
        self._meal_time = {one.recipient_id: one.meal_time for one in registry.recipients}

    def event(self, time_ms: int, received: str) -> tuple[str, bytes, dict[str, int]]:
        """(unit, line, what it adds by metric)."""
        chance = self._chance
        unit, fed = chance.choice(self._kitchens)
        kind, data, adds, subject = self._stated(time_ms, fed)
        head = f'{{"specversion":"1.0","id":"{self._id()}","source":"/{self._region}/sppg/{unit}","type":"{kind}"'
        if subject:
            head += f',"subject":"{subject}"'
        text = _encode(data).decode()
        times = f'"time":"{rfc3339(time_ms)}","data":{text},"receivedtime":"{received}"'
        return unit, f"{head},{times}}}".encode(), adds | {"events": 1}

    def _id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _stated(
        self, time_ms: int, fed: list[tuple[str, dict[str, int]]]
    ) -> tuple[str, dict[str, object], dict[str, int], str]:
        chance = self._chance
        dice = chance.random()
        if dice < 0.5:
            celsius = round(chance.uniform(-1, 7), 1)
            good = self._limits.chiller_min_c <= celsius <= self._limits.chiller_max_c
            reading = {"point": "chiller", "temp_c": celsius, "sensor": "ch-1"}
            adds = {"temp_readings": 1, "temp_in_range": int(good)}
            return "sppg.temperature.measured", reading, adds, ""
        if dice < 0.9:
            recipient, registered = chance.choice(fed)
            if dice < 0.7:
                minutes = chance.randrange(60, 400)
                cooked = rfc3339(time_ms - minutes * 60_000)
                portions = sum(registered.values())
                received = {"trip": "t1", "batch": "b1", "portions": portions, "temp_c": 61.5}
                adds = self._delivery(time_ms, recipient, portions, minutes)
                delivered = received | {"cooked_at": cooked}
                return "sppg.delivery.received", delivered, adds, recipient
            eaten = {group: chance.randint(0, n) for group, n in registered.items() if n}
            leftover = chance.randrange(5_000)
            adds = {"portions_eaten": sum(eaten.values()), "leftover_g": leftover}
            meal = {"eaten": eaten, "leftover_g": leftover}
            return "sppg.meal.eaten", meal, adds, recipient
        portions = chance.randint(100, 3_000)
        batch = {"batch": "b1", "portions": portions, "core_temp_c": 80}
        return "sppg.cooking.finished", batch, {"portions_cooked": portions}, ""

    def _delivery(
        self, time_ms: int, recipient: str, portions: int, minutes: int
    ) -> dict[str, int]:
        clock = datetime.fromtimestamp(time_ms // 1000, self._zone)
        at_ms = (clock.hour * 3600 + clock.minute * 60 + clock.second) * 1000 + time_ms % 1000
        return {
            "portions_received": portions,
            "deliveries": 1,
            "deliveries_on_time": int(at_ms <= self._meal_time[recipient] * 60_000),
            "deliveries_over_4h": int(minutes > 240),
            "deliveries_over_6h": int(minutes > 360),
            _MINUTES: minutes,
        }

    def refused(self, time_ms: int, received: str) -> tuple[str, bytes]:
        """A line that must leave no trace in any pane."""
        chance = self._chance
        dice = chance.random()
        if dice < _MALFORMED_OF_REFUSED:
            unit, line, _ = self.event(time_ms, received)
            return unit, line.replace(b'"data":{', b'"data":{"colour":"red",', 1)
        if dice < 0.5:
            unit, line, _ = self.event(time_ms - 40 * _DAY_MS, received)
            return unit, line
        unit, line, _ = self.event(time_ms, received)
        stranger = f"/{self._region}/sppg/NO-SUCH-KITCHEN"
        return unit, line.replace(f"/{self._region}/sppg/{unit}".encode(), stranger.encode(), 1)


def generate(
    registry: RegionRegistry,
    seed: int,
    events: int,
    now_ms: int,
    span_ms: int,
    hours_a_day: int = 24,
) -> Content:
    """`events` lines whose times go from `now_ms - span_ms` to `now_ms`, up to a minute out of order.

    Of each 24 hours of them only the first `hours_a_day` have events.
    """
    thrower = Thrower(registry, seed)
    chance = random.Random(seed + 1)
    received = rfc3339(now_ms)
    content = Content(now_ms)
    for time_ms in event_times(chance, events, now_ms, span_ms, hours_a_day):
        dice = chance.random()
        if dice < _DUPLICATES and content.lines:
            recent = min(_RECENT, len(content.lines))
            content.lines.append(content.lines[-chance.randint(1, recent)])
        elif dice < _DUPLICATES + _REFUSED:
            content.lines.append(thrower.refused(time_ms, received))
        else:
            unit, line, adds = thrower.event(time_ms, received)
            content.lines.append((unit, line))
            _count(content, unit, time_ms, adds)
    return content


def event_times(
    chance: random.Random, events: int, now_ms: int, span_ms: int, hours_a_day: int
) -> Iterator[int]:
    """Epoch ms of `events`, in order up to a minute; for the arguments see `generate`."""
    worked_ms = hours_a_day * _DAY_MS // 24
    for number in range(events):
        day, within = divmod(span_ms * hours_a_day // 24 * number // events, worked_ms)
        yield now_ms - span_ms + day * _DAY_MS + within - chance.randrange(60_000)


def _count(content: Content, unit: str, time_ms: int, adds: dict[str, int]) -> None:
    place = (unit, pane_of(time_ms))
    sums = content.truth.setdefault(place, [0] * len(METRICS))
    for name, amount in adds.items():
        if name == _MINUTES:
            content.minutes.setdefault(place, []).append(amount)
        else:
            sums[_INDEX[name]] += amount

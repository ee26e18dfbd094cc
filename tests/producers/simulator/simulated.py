"""What tests of the simulator share: worlds of a real kabupaten and of a small region, and reading what devices say."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from chassis.regions.region_folder import load_region
from contracts.events.checks import check
from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.events.event_types import Event
from contracts.registry.entities import Registry, iso_to_day
from producers.simulator.events.event_lines import DeviceEvent
from producers.simulator.sending.devices import Post, UnitDay, unit_day
from producers.simulator.world import Rates, World
from tests.registry_small import SMALL

REGIONS: Final = Path(__file__).resolve().parents[3] / "regions"
TUESDAY: Final = iso_to_day("2026-11-24")
SUNDAY: Final = iso_to_day("2026-11-22")
CHRISTMAS: Final = iso_to_day("2026-12-25")


@cache
def registry(code: str = "32.11") -> Registry:
    """A kabupaten as the repository has it."""
    return Registry([load_region(REGIONS / code)])


def world(seed: int = 1, code: str = "32.11", rates: Rates | None = None) -> World:
    return World(registry(code), code, seed, rates)


def small(seed: int = 1) -> World:
    """Two kitchens and a clinic."""
    return World(Registry([SMALL]), "32.11", seed)


@cache
def whole_day(day: int = TUESDAY, seed: int = 1, code: str = "32.11") -> dict[str, UnitDay]:
    """Unit id -> its day."""
    one = world(seed, code)
    return {unit.unit_id: unit_day(one, unit, day) for unit in one.active_units(day)}


def event(entry: DeviceEvent) -> Event:
    """The event; it must be one."""
    read = decode_line(entry.line)
    assert not isinstance(read, Refusal), read
    return read


def assert_accepted(one: World, posts: Iterable[Post]) -> int:
    """Every event is taken when it is posted; gives their number."""
    count = 0
    for post in posts:
        for entry in post.events:
            refusal = check(event(entry), one.registry, post.due_ms)
            assert refusal is None, (refusal, entry.line)
            count += 1
    return count

"""Months of events as lines in a file, fast: in the order in which devices would have sent them, `receivedtime` stamped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from producers.simulator.sending.devices import Post, recipient_days, unit_day
from producers.simulator.world import World

_ON_THE_WAY_MS = 400
"""From the device's post to ingest's stamp."""


class Written(NamedTuple):
    """What is in the file. `first_ms`, `last_ms`: `receivedtime` of its first and last line, region's clock."""

    events: int
    first_ms: int
    last_ms: int


def _everyone(_source_id: str) -> bool:
    return True


def sent(
    world: World, from_day: int, days: int, wanted: Callable[[str], bool] = _everyone
) -> Iterator[Post]:
    """Posts of local days in order of time. What the last days send later is at the end.

    `wanted`: whether the posts of a unit or recipient are asked for, by its id.
    """
    left: list[Post] = []
    for day in range(from_day, from_day + days):
        for unit in world.active_units(day):
            if wanted(unit.unit_id):
                left += unit_day(world, unit, day).posts
            for one in recipient_days(world, unit, day) if unit.kind == "sppg" else ():
                if wanted(one.recipient_id):
                    left += one.posts
        # Nothing that a later day says can be sent before it begins.
        end_ms = world.midnight_ms(day + 1)
        now = sorted((post for post in left if post.due_ms < end_ms), key=_order)
        left = [post for post in left if post.due_ms >= end_ms]
        yield from now
    yield from sorted(left, key=_order)


def write(path: Path, world: World, from_day: int, days: int) -> Written:
    """Write the file: one event a line, with `receivedtime`; a repeated post is there twice."""
    events = first_ms = last_ms = 0
    with path.open("wb", buffering=1 << 20) as file:
        for post in sent(world, from_day, days):
            received_ms = post.due_ms + _ON_THE_WAY_MS
            stamp = f',"receivedtime":"{world.text(received_ms)}"}}\n'.encode()
            file.writelines(one.line[:-1] + stamp for one in post.events)
            events += len(post.events)
            first_ms, last_ms = first_ms or received_ms, received_ms
    return Written(events, first_ms, last_ms)


def _order(post: Post) -> tuple[int, str]:
    return post.due_ms, post.unit_id

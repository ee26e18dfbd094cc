"""How field devices send what they have: in posts every few minutes, now and then late, twice, or after hours without a network."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from contracts.registry.entities import Unit
from producers.simulator.events.event_lines import HEARTBEAT, MEAL, ROUTINE, DeviceEvent
from producers.simulator.events.kitchen_events import kitchen_says
from producers.simulator.plan.clinics import clinic_says
from producers.simulator.plan.kitchens import character
from producers.simulator.plan.recipients import Reception, recipients_say
from producers.simulator.world import HOUR_MS, MINUTE_MS, World, phase_ms

STALE_MS: Final = 30 * MINUTE_MS
"""A heartbeat that could not be sent for so long is thrown away: it says nothing any more."""
_TOGETHER_MS: Final = 45_000
"""What is due within this long goes in one post."""
_URGENT_S: Final = (15, 60)
_REPORTS_LATE_S: Final = (3_600, 8 * 3_600)
_LATE: Final = 0.02
_LATE_MIN: Final = 25.0
_LATEST_MIN: Final = 6 * 60.0
_TWICE: Final = 0.01
_OFFLINE: Final = 0.015
_OFFLINE_MIN: Final = (60, 300)
_RAPEL_EVERY: Final = 3
_RAPEL_MS: Final = 13 * HOUR_MS + 30 * MINUTE_MS
SENT_WITHIN_DAYS: Final = 3
"""What a day has left to send is sent within so many days."""


class Post(NamedTuple):
    """What one device sends at `due_ms` (region's clock), `events` in order of making."""

    due_ms: int
    unit_id: str
    events: tuple[DeviceEvent, ...]


class UnitDay(NamedTuple):
    """What a unit says of a local day, and how it gets it out. Posts are in order."""

    events: list[DeviceEvent]
    posts: list[Post]


def unit_day(world: World, unit: Unit, day: int) -> UnitDay:
    """One unit's day."""
    events = (
        kitchen_says(world, unit, day) if unit.kind == "sppg" else clinic_says(world, unit, day)
    )
    return UnitDay(events, list(posts(world, unit, day, events)))


class RecipientDay(NamedTuple):
    """What a recipient says of a local day, and how it gets it out."""

    recipient_id: str
    events: tuple[DeviceEvent, ...]
    posts: list[Post]


def recipient_days(world: World, kitchen: Unit, day: int) -> Iterator[RecipientDay]:
    """The days of the recipients that a kitchen feeds."""
    for one in recipients_say(world, kitchen, day):
        yield RecipientDay(one.recipient_id, one.events, list(_recipient_posts(world, one, day)))


def _recipient_posts(world: World, one: Reception, day: int) -> Iterator[Post]:
    """A post for each: whoever counts heads in the morning does not wait for the meal."""
    dice = world.dice(one.recipient_id, day, "posts")
    for event in one.events:
        wait_s = dice.randint(*_URGENT_S)
        if one.late:
            wait_s += dice.randint(*_REPORTS_LATE_S)
        yield Post(event.made_ms + wait_s * 1000, one.recipient_id, (event,))


def posts(world: World, unit: Unit, day: int, events: Sequence[DeviceEvent]) -> Iterator[Post]:
    """The posts of what a unit says of a day. Each event but a stale heartbeat is in at least one."""
    dice = world.dice(unit.unit_id, day, "posts")
    due = _Due(world, unit, day, dice)
    waiting = sorted(
        (
            (at, one)
            for one in events
            if (at := due.of(one)) - one.made_ms <= STALE_MS or one.rank != HEARTBEAT
        ),
        key=lambda pair: pair[0],
    )
    made: list[Post] = []
    at = 0
    while at < len(waiting):
        first = at
        while at < len(waiting) and waiting[at][0] - waiting[first][0] <= _TOGETHER_MS:
            at += 1
        group = sorted((one for _, one in waiting[first:at]), key=lambda one: one.made_ms)
        post = Post(waiting[at - 1][0], unit.unit_id, tuple(group))
        made.append(post)
        if dice.random() < _TWICE:
            # The answer was lost on the way: the device sends the same once more.
            made.append(post._replace(due_ms=post.due_ms + dice.randint(60, 600) * 1000))
    made.sort(key=lambda post: post.due_ms)
    yield from made


class _Due:
    """When a device sends each thing."""

    def __init__(self, world: World, unit: Unit, day: int, dice: random.Random) -> None:
        self._dice = dice
        self._post_ms = max(60, world.rates.post_s) * 1000
        midnight = world.midnight_ms(day)
        self._phase_ms = midnight + phase_ms(unit.unit_id, max(1, world.rates.heartbeat_s) * 1000)
        self._meals_at: int | None = None
        if unit.kind == "sppg" and character(world, unit.unit_id).reports_later:
            until = day + _RAPEL_EVERY - 1 - day % _RAPEL_EVERY
            self._meals_at = world.midnight_ms(until) + _RAPEL_MS + dice.randint(0, 600) * 1000
        self._offline = (0, 0)
        if dice.random() < _OFFLINE:
            start = midnight + dice.randint(3 * 60, 11 * 60) * MINUTE_MS
            self._offline = (start, start + dice.randint(*_OFFLINE_MIN) * MINUTE_MS)

    def of(self, one: DeviceEvent) -> int:
        """Region's clock, milliseconds."""
        at = self._planned(one)
        start, end = self._offline
        return end + 20_000 if start <= at < end else at

    def _planned(self, one: DeviceEvent) -> int:
        if one.rank <= ROUTINE:
            # Right behind a heartbeat, so that none waits for long.
            slots = -((self._phase_ms - one.made_ms) // self._post_ms)
            at = self._phase_ms + slots * self._post_ms + 1_000
        else:
            at = one.made_ms + self._dice.randint(*_URGENT_S) * 1000
        if one.rank == HEARTBEAT:
            return at
        if one.rank == MEAL and self._meals_at is not None:
            return max(self._meals_at, at)
        if self._dice.random() < _LATE:
            minutes = min(_LATEST_MIN, self._dice.lognormvariate(0, 1.2) * _LATE_MIN)
            at += int(minutes * MINUTE_MS)
        return at

"""The demo clock's start, and how far it has come. Only `pantau up` moves it; everybody reads it through the data dir."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from chassis.clocks import append_segment, read_segments
from chassis.datadir import DataDir, write_file
from chassis.operator_error import OperatorError
from contracts.registry.entities import Registry
from contracts.time.clock import DEMO_FACTOR, Clock, DemoClock, Segment, real_now_ms
from contracts.time.days import day_to_iso

START_MINUTE: Final = 4 * 60 + 30
"""04:30 local: the first kitchens light their stoves."""
_SEARCH_DAYS: Final = 400
_NOTE_S: Final = 5.0


def demo_start_ms(
    registry: Registry, region: str, now_ms: int, reached_ms: int | None, asked: int | None = None
) -> int:
    """Epoch milliseconds of the demo clock's next start: 04:30 of a service day of `region`.

    `reached_ms`: how far the demo clock has come; then it is the first service day whose 04:30 lies
    after it. None for a new data dir; then it is the latest service day before today, `now_ms`
    being real time. `asked`: this local day instead, served or not. Raises `OperatorError` if the
    region has no such day, or the clock is beyond the one that is asked for.
    """
    zone = registry.zone(region)
    if asked is not None:
        start_ms = zone.moment_ms(asked, START_MINUTE)
        if not registry.recipients_in_force(region, asked):
            raise OperatorError(
                f"region {region} has no recipient on {day_to_iso(asked)}: give a later --day"
            )
        if reached_ms is not None and start_ms <= reached_ms:
            raise OperatorError(
                f"the demo clock of this data dir has come to {day_to_iso(zone.local_day(reached_ms))}: "
                "give a later --day or a new --data-dir"
            )
        return start_ms
    if reached_ms is None:
        today = zone.local_day(now_ms)
        days = range(today - 1, today - _SEARCH_DAYS, -1)
    else:
        last = zone.local_day(reached_ms)
        days = range(last, last + _SEARCH_DAYS)
    for day in days:
        start_ms = zone.moment_ms(day, START_MINUTE)
        if registry.is_service_day(region, day) and (reached_ms is None or start_ms > reached_ms):
            return start_ms
    raise OperatorError(
        f"region {region} has no service day within {_SEARCH_DAYS} days: "
        "see service_weekdays and holidays in its region.yaml"
    )


def reached_ms(home: DataDir) -> int | None:
    """How far the demo clock of the data dir has come, or None if it never ran."""
    segments = read_segments(home)
    if not segments:
        return None
    try:
        noted = msgspec.json.decode(home.clock_reached_file.read_bytes(), type=int)
    except (FileNotFoundError, msgspec.DecodeError):
        noted = 0
    # A kill comes between two notes: it may have come this much further.
    unseen = round(2 * _NOTE_S * 1000 * segments[-1].factor) if noted else 0
    return max(noted + unseen, segments[-1].demo_start_ms)


def start(home: DataDir, registry: Registry, region: str, asked: int | None = None) -> Clock:
    """Begin a new line of the demo clock, now; `asked`: the local day that it begins with."""
    now_ms = real_now_ms()
    begin_ms = demo_start_ms(registry, region, now_ms, reached_ms(home), asked)
    append_segment(home, Segment(now_ms, begin_ms, DEMO_FACTOR))
    return DemoClock(read_segments(home))


async def keep_noting(home: DataDir, clock: Clock) -> None:
    """Note every few seconds how far the clock has come, until cancelled."""
    while True:
        write_file(home.clock_reached_file, msgspec.json.encode(clock.now_ms()))
        await asyncio.sleep(_NOTE_S)

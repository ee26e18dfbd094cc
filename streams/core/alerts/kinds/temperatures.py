"""`temperature`: readings of one point and sensor that are out of range, two or more in a row, over ten minutes or more.

In a row by the time of the readings, in whatever order they come. Of readings in range only stretches are stored: the
readings of one are less than ten minutes apart, so no two outside that are ten minutes apart are in a row across it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from operator import attrgetter, itemgetter
from typing import ClassVar, Final

import msgspec
from msgspec import UNSET

from contracts.registry.entities import Thresholds
from contracts.time.days import DAY_MS
from streams.core.alerts.alert import WASPADA, AlertCause
from streams.core.alerts.alert_kind import AlertRegion
from streams.core.watched_event import UncountedEvent, WatchedEvent

TEMPERATURE: Final = "temperature"
_MINUTE_MS: Final = 60_000
_RETAINED_MS: Final = DAY_MS
_MOST: Final = 2_000
"""Readings and stretches that are stored of one sensor. One that reports each minute has fewer in a day."""
_FIRST: Final = 16
"""Of a row that is thinned out so many of the first readings remain: the alert names them."""


_degrees: Final = attrgetter("temp_c")
_time: Final = attrgetter("time")
_first: Final = itemgetter(0)
_last: Final = itemgetter(1)


class OutReading(msgspec.Struct, array_like=True, gc=False, order=True):
    """A reading out of range."""

    time: int
    id: str
    temp_c: float


class SensorLog(msgspec.Struct, array_like=True, gc=False):
    """The readings of one point and sensor of a day: `stretches` in range, (first, last), and `out` of range, both in order.

    No stretch lies in another, so their ends are in order too, and binary search finds a reading's row. Of thousands of
    readings not all are stored: see `thin_out`.
    """

    stretches: list[tuple[int, int]] = []
    out: list[OutReading] = []

    def in_order(self) -> SensorLog:
        """This log without stretches that lie in another: former versions stored those."""
        stretches: list[tuple[int, int]] = []
        for first, last in sorted(self.stretches, key=lambda one: (one[0], -one[1])):
            if not stretches or last > stretches[-1][1]:
                stretches.append((first, last))
        return SensorLog(stretches, sorted(self.out))

    def add_in_range(self, time: int, gap_ms: int) -> None:
        """A reading in range: it joins the stretches less than `gap_ms` away, if nothing out of range lies between."""
        near = slice(
            bisect_right(self.stretches, time - gap_ms, key=_last),
            bisect_left(self.stretches, time + gap_ms, key=_first),
        )
        first = last = time
        apart = []
        for stretch in self.stretches[near]:
            if stretch[0] <= time <= stretch[1]:
                return
            joined = min(first, stretch[0]), max(last, stretch[1])
            if self._out_between(*joined):
                apart.append(stretch)
            else:
                first, last = joined
        self.stretches[near] = sorted((*apart, (first, last)))

    def _out_between(self, first: int, last: int) -> bool:
        at = bisect_left(self.out, first, key=_time)
        return at < len(self.out) and self.out[at].time <= last

    def add_out(self, reading: OutReading) -> None:
        """A reading out of range."""
        insort(self.out, reading)

    def remove(self, event_id: str) -> bool:
        """Takes back a reading out of range, if it has it."""
        others = [one for one in self.out if one.id != event_id]
        has_it, self.out = len(others) < len(self.out), others
        return has_it

    def forget(self, before: int) -> None:
        """Drops what lies before."""
        self.out = [one for one in self.out if one.time >= before]
        self.stretches = [one for one in self.stretches if one[1] >= before]

    def thin_out(self) -> None:
        """Stores fewer readings where there are more than `_MOST`, so that the record stays below Kafka's limit.

        A long row keeps its ends, its highest and its lowest reading, and every second one of the others: its alert
        does not change. If rows are short, those of the older half of the time go.
        """
        if len(self.out) + len(self.stretches) <= _MOST:
            return
        self.out = [one for row, _ in self.rows() for one in _thinned(row)]
        if len(self.out) + len(self.stretches) > _MOST * 3 // 4:
            times = sorted([one.time for one in self.out] + [last for _, last in self.stretches])
            self.forget(times[len(times) // 2])

    def rows(self) -> Iterator[tuple[list[OutReading], int]]:
        """Readings out of range in a row, each row with the time of the first reading in range after it, 0 if there is none."""
        at = 0
        while at < len(self.out):
            end, over = self._end_of_row(at)
            yield self.out[at:end], over
            at = end

    def rows_at(self, time: int) -> Iterator[tuple[list[OutReading], int]]:
        """The rows that have a reading of `time`; finds them without reading the other rows."""
        at = bisect_left(self.out, time, key=_time)
        while at < len(self.out) and self.out[at].time == time:
            end, over = self._end_of_row(at)
            yield self.out[self._start_of_row(at) : end], over
            at = end

    def _end_of_row(self, at: int) -> tuple[int, int]:
        """Of the row of reading number `at`: the index after its last reading; the time of the first reading in range after it, or 0."""
        for number in range(
            bisect_right(self.stretches, self.out[at].time, key=_last), len(self.stretches)
        ):
            first, last = self.stretches[number]
            end = bisect_right(self.out, first, at + 1, key=_time)
            before = self.out[end - 1].time
            # A reading in range of the same moment as one out of range ends no row.
            if before < last:
                return end, max(first, before + 1)
        return len(self.out), 0

    def _start_of_row(self, at: int) -> int:
        """Of the row of reading number `at`: the index of its first reading."""
        for number in reversed(range(bisect_left(self.stretches, self.out[at].time, key=_first))):
            first, last = self.stretches[number]
            start = min(at, bisect_left(self.out, last, key=_time))
            if not start or self.out[start].time > first:
                return start
        return 0


def _thinned(row: list[OutReading]) -> list[OutReading]:
    if len(row) <= 2 * _FIRST:
        return row
    extremes = (min(row, key=_degrees), max(row, key=_degrees))
    middle = row[_FIRST:-1]
    half = [one for at, one in enumerate(middle) if at % 2 or one in extremes]
    return [*row[:_FIRST], *half, row[-1]]


class Temperatures:
    """Key: `<unit>/<point>/<sensor>`. Its logs are state; the readings themselves are not."""

    name: ClassVar = TEMPERATURE

    def __init__(self) -> None:
        self.logs: dict[str, SensorLog] = {}
        self._changed: set[str] = set()

    def restore(self, logs: Mapping[str, SensorLog]) -> None:
        """Goes on from stored logs."""
        self.logs.update((key, log.in_order()) for key, log in logs.items())

    def count(self, region: AlertRegion, event: WatchedEvent) -> None:
        """A reading counts."""
        data = event.data
        key = f"{event.source}/{data.point}/{'' if data.sensor is UNSET else data.sensor}"
        log = self.logs.setdefault(key, SensorLog())
        if in_range(data.point, data.temp_c, region.limits):
            log.add_in_range(event.time, region.limits.temperature_min * _MINUTE_MS)
        else:
            log.add_out(OutReading(event.time, event.id, data.temp_c))
        log.thin_out()
        self._changed.add(key)
        if log.out or region.book.open(TEMPERATURE, key) is not None:
            self._settle(region, key, log, event.time)

    def uncount(self, region: AlertRegion, item: UncountedEvent) -> None:
        """A reading out of range counts no longer. One in range stands: its stretch knows no ids."""
        for key, log in self.logs.items():
            if key.startswith(f"{item.source}/") and log.remove(item.id):
                self._changed.add(key)
                self._settle(region, key, log, 0)

    def _settle(self, region: AlertRegion, key: str, log: SensorLog, at: int) -> None:
        """Judges the newest row, and those that a reading of `at` may have made."""
        newest = log.rows_at(log.out[-1].time) if log.out else ()
        lasting = [row for row, over in newest if not over and _is_long(row, region.limits)]
        if not lasting:
            region.settle(TEMPERATURE, key, None, "in_range")
        for row, over in log.rows_at(at):
            if over and _is_long(row, region.limits) and self._is_news(region, key, row):
                # It came late, together with what ended it.
                region.settle(TEMPERATURE, key, self._cause(region, key, row))
                region.settle(TEMPERATURE, key, None, "in_range")
        for row in lasting:
            region.settle(TEMPERATURE, key, self._cause(region, key, row))

    def _is_news(self, region: AlertRegion, key: str, row: list[OutReading]) -> bool:
        """Whether a row that is over has had no alert yet."""
        latest = region.book.latest(TEMPERATURE, key)
        return latest is None or not (latest.is_open or row[0].time <= latest.start <= row[-1].time)

    def _cause(self, region: AlertRegion, key: str, row: list[OutReading]) -> AlertCause:
        limits = region.limits
        unit, _, subject = key.partition("/")
        degrees = [one.temp_c for one in row]
        lasted = (row[-1].time - row[0].time) // _MINUTE_MS
        return AlertCause(
            unit,
            subject.rstrip("/"),
            row[0].time,
            WASPADA,
            {"readings": limits.temperature_readings, "minutes": limits.temperature_min},
            # Not every reading that follows is a change: a sensor gives one a minute.
            tuple(one.id for one in row[: limits.temperature_readings]),
            {
                "minutes_at_least": max(limits.temperature_min, lasted // 30 * 30),
                "highest_c": max(degrees),
                "lowest_c": min(degrees),
            },
        )

    def forget(self, now: int) -> list[str]:
        """Drops old readings; the keys of logs without any left."""
        empty = []
        for key, log in list(self.logs.items()):
            log.forget(now - _RETAINED_MS)
            if log.out or log.stretches:
                self._changed.add(key)
            else:
                del self.logs[key]
                self._changed.discard(key)
                empty.append(key)
        return empty

    def drain(self) -> list[tuple[str, SensorLog]]:
        """The logs that changed since the last call."""
        changed, self._changed = self._changed, set()
        return [(key, self.logs[key]) for key in sorted(changed)]


def _is_long(row: list[OutReading], limits: Thresholds) -> bool:
    return (
        len(row) >= limits.temperature_readings
        and row[-1].time - row[0].time >= limits.temperature_min * _MINUTE_MS
    )


def in_range(point: str, celsius: float, limits: Thresholds) -> bool:
    """Whether a store is as cold or hot as it has to be."""
    if point == "chiller":
        return limits.chiller_min_c <= celsius <= limits.chiller_max_c
    if point == "freezer":
        return celsius <= limits.freezer_max_c
    return celsius >= limits.hot_holding_min_c

"""What Kafka holds of the event topics against `raw_lines`: a line that the store lacks is lost to every window.

All else that the audit does starts from the landed lines, so it cannot miss one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from math import inf
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from audit.kafka_lines import EventLog, Partition
from audit.report import Compared, Difference
from audit.scratch import Scratch
from contracts.events.codes import Refusal
from contracts.events.decode import decode_lines
from contracts.events.event_types import Event
from contracts.events.lines import split
from contracts.time.instant import BadInstantError
from storage.schema import STORE

_CHUNK: Final = 250_000
"""Records that are compared at once: one statement reads the places of all lines of a partition."""
_NAMED: Final = 1_000
"""Records whose events are looked up at once."""
_AHEAD_MS: Final = 600_000
"""An event's time lies at most 5 minutes ahead of its append time."""
_AGAIN_S: Final = 0.5

_Missing = TypeVar("_Missing")


class Days(NamedTuple):
    """The local days of a region that are audited; None: all from the first, all to the last."""

    region: str
    zone: str
    first: date | None
    last: date | None

    def span_ms(self) -> tuple[float, float]:
        """Their bounds, epoch ms."""
        begin = -inf if self.first is None else self._begins_ms(self.first)
        end = inf if self.last is None else self._begins_ms(self.last + timedelta(days=1))
        return begin, end

    def _begins_ms(self, day: date) -> float:
        return datetime.combine(day, datetime.min.time(), ZoneInfo(self.zone)).timestamp() * 1000


class _Wrong(NamedTuple):
    """A record of which the store holds `stored` lines, Kafka `logged`."""

    place: Partition
    offset: int
    stored: int
    logged: int


def lines(
    scratch: Scratch, log: EventLog, days: Days, patience_s: float, progress: Callable[[str], None]
) -> Compared:
    """Compare all lines that may be of these days and were on Kafka when the audit began.

    The sink may be behind: it is waited for as long as it goes on, at most `patience_s` without a step.
    """
    starts = _starts(scratch, days)
    result = Compared()
    wrong: list[_Wrong] = []
    for place, (oldest, end) in log.spans().items():
        first = max(oldest, starts.get(place, 0))
        progress(
            f"{place.topic}/{place.partition}: comparing offsets {first} to {end} with the store"
        )
        records = ((one.offset, len(split(one.value))) for one in log.read(place, first, end))
        while logged := dict(islice(records, _CHUNK)):
            result.rows += sum(logged.values())
            wrong += settled(partial(_compare, scratch, place, logged), patience_s)
    _name(scratch, log, days, wrong, result)
    return result


def _starts(scratch: Scratch, days: Days) -> dict[Partition, int]:
    """Offsets from which on a partition can hold events of the days: append times only grow."""
    begin, _end = days.span_ms()
    if begin == -inf:
        return {}
    found = scratch.rows(
        f"SELECT toString(topic), partition, max(offset) + 1 FROM {STORE}.raw_lines "
        "WHERE append_at < fromUnixTimestamp64Milli({before:Int64}) GROUP BY topic, partition",
        before=round(begin) - _AHEAD_MS,
    )
    return {Partition(row[0], int(row[1])): int(row[2]) for row in found}


def settled(compare: Callable[[], list[_Missing]], patience_s: float) -> list[_Missing]:
    """What `compare` finds, once that gets no less for `patience_s`: the sink may be behind."""
    wrong = compare()
    deadline = time.monotonic() + patience_s
    while wrong and time.monotonic() < deadline:
        time.sleep(_AGAIN_S)
        before, wrong = len(wrong), compare()
        if len(wrong) < before:
            deadline = time.monotonic() + patience_s
    return wrong


def _compare(scratch: Scratch, place: Partition, logged: Mapping[int, int]) -> list[_Wrong]:
    first, last = min(logged), max(logged)
    rows = scratch.rows(
        f"SELECT offset, if(max(line) + 1 = uniqExact(line), uniqExact(line), 0) FROM {STORE}.raw_lines "
        "WHERE topic = {topic:String} AND partition = {partition:UInt32} AND offset BETWEEN {first:UInt64} AND {last:UInt64} "
        "GROUP BY offset",
        **place._asdict(),
        first=first,
        last=last,
    )
    stored = {int(row[0]): int(row[1]) for row in rows}
    offsets = sorted(stored.keys() | logged.keys())
    return [
        _Wrong(place, offset, stored.get(offset, 0), logged.get(offset, 0))
        for offset in offsets
        if stored.get(offset, 0) != logged.get(offset, 0)
    ]


def _name(
    scratch: Scratch, log: EventLog, days: Days, wrong: list[_Wrong], result: Compared
) -> None:
    """Add a difference for each line of the region and its days, at most `MAX_DIFFERENCES`."""
    for place, ours in groupby(wrong, lambda one: one.place):
        while some := list(islice(ours, _NAMED)):
            for unit, event, logged in _only_one_has(scratch, log, days, place, some):
                sides = ("absent", "on Kafka") if logged else ("present", "not on Kafka")
                result.add(Difference("events", "unit", unit, "", "", "", "line", *sides, (event,)))


def _only_one_has(
    scratch: Scratch, log: EventLog, days: Days, place: Partition, wrong: list[_Wrong]
) -> Iterator[tuple[str, str, bool]]:
    """Lines that only one side has: unit, id, whether it is Kafka. Of a line that is no event its place."""
    offsets = {one.offset for one in wrong}
    stored = {
        (int(row[0]), int(row[1])): (str(row[2]), str(row[3]), str(row[4]))
        for row in scratch.rows(
            f"SELECT offset, line, toString(region), unit_id, id FROM {STORE}.raw_lines "
            "WHERE topic = {topic:String} AND partition = {partition:UInt32} AND offset IN {offsets:Array(UInt64)}",
            **place._asdict(),
            offsets=sorted(offsets),
        )
    }
    where = f"{place.topic}/{place.partition}"
    for offset, value in log.read(place, min(offsets), max(offsets) + 1):
        if offset not in offsets:
            continue
        for number, line in enumerate(decode_lines(value)):
            if stored.pop((offset, number), None) is None and (identity := _identity(days, line)):
                yield identity[0], identity[1] or f"{where}/{offset}/{number}", True
    for (offset, number), (region, unit, event) in stored.items():
        if region in ("", days.region):
            yield unit, event or f"{where}/{offset}/{number}", False


def _identity(days: Days, line: Event | Refusal) -> tuple[str, str] | None:
    """Unit and id, both empty of a line that is no event; None if it is of another region or day."""
    if isinstance(line, Refusal):
        return "", ""
    first, end = days.span_ms()
    try:
        ours = line.origin[0] == days.region and first <= line.time_ms < end
    except BadInstantError:
        return "", ""
    return (line.origin[2], line.id) if ours else None

"""What all peers make of a kitchen's panes: the changed rows of its windows, as the JSON lines that a sink takes.

    fact -> pane and local day -> at a flush: each begun window that holds a changed pane, added up -> row

How panes are stored, recovered and when rows leave is each library's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from bench.peers.job import METRICS, Job, PeerFact
from contracts.events.lines import pack
from contracts.results.columns import names
from contracts.results.public_rows import IDENTITY, PERCENTILES
from contracts.time.days import Zone, day_to_iso
from contracts.time.instant import rfc3339
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName, pane_of

_REMEMBERED: Final = 8_192
_RECORD_BYTES: Final = 800_000


def packed(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows as values of records, small enough for the clients' own limit of a megabyte."""
    return pack(list(rows), _RECORD_BYTES)


class Spans:
    """Where windows lie, in words. `last`: the last pane of 15m and 1h, the last local day of the others."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._known: dict[tuple[WindowName, int], tuple[str, str, str]] = {}

    def of(self, window: WindowName, last: int) -> tuple[str, str, str]:
        """(window_start, window_end, day) of the row."""
        span = self._known.get((window, last))
        if span is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            span = self._known[window, last] = self._measure(window, last)
        return span

    def _measure(self, window: WindowName, last: int) -> tuple[str, str, str]:
        if window in PANE_WINDOWS:
            end_ms = (last + 1) * PANE_MS
            start_ms = end_ms - PANE_WINDOWS[window] * PANE_MS
            day = self._zone.local_day(end_ms - 1)
        else:
            start_ms = self._zone.day_start_ms(last - DAY_WINDOWS[window] + 1)
            end_ms = self._zone.day_start_ms(last + 1)
            day = last
        return rfc3339(start_ms), rfc3339(end_ms), day_to_iso(day)


class PeerPart(msgspec.Struct, array_like=True, gc=False):
    """What a pane or a day holds. `sums`: by `METRICS`; `minutes`: how often each number of minutes occurs."""

    day: int
    sums: list[int]
    minutes: dict[int, int]

    def put(self, fact: PeerFact) -> None:
        """Adds an event."""
        for index, amount in fact.adds:
            self.sums[index] += amount
        if fact.minutes is not None:
            self.minutes[fact.minutes] = self.minutes.get(fact.minutes, 0) + 1


class Kitchen:
    """One kitchen's panes and days, and the panes that changed since rows were last asked for."""

    def __init__(
        self, unit: str, panes: dict[int, PeerPart] | None = None, changed: Iterable[int] = ()
    ) -> None:
        self._unit = unit
        self.panes = panes or {}
        self._changed = set(changed)
        self._packed: dict[int, msgspec.Raw] = {}
        self._unpacked = set(self.panes)
        by_day: dict[int, list[PeerPart]] = {}
        for part in self.panes.values():
            by_day.setdefault(part.day, []).append(part)
        self._days = {day: _total([_empty(day), *parts]) for day, parts in by_day.items()}

    @staticmethod
    def decode(stored: bytes) -> Kitchen:
        """What `encode` made."""
        return Kitchen(*_decode(stored))

    def encode(self) -> bytes:
        """All that is needed after a crash: the panes, and those whose rows are not sent yet.

        Only panes that changed since the last call are packed anew.
        """
        for pane in self._unpacked:
            self._packed[pane] = msgspec.Raw(_encode(self.panes[pane]))
        self._unpacked.clear()
        return _encode((self._unit, self._packed, self._changed))

    @property
    def is_dirty(self) -> bool:
        """Whether there are rows to send."""
        return bool(self._changed)

    def put(self, fact: PeerFact) -> None:
        """Adds an event that is no duplicate."""
        pane = self.panes.get(fact.pane)
        if pane is None:
            pane = self.panes[fact.pane] = _empty(fact.day)
        day = self._days.get(fact.day)
        if day is None:
            day = self._days[fact.day] = _empty(fact.day)
        pane.put(fact)
        day.put(fact)
        self._changed.add(fact.pane)
        self._unpacked.add(fact.pane)

    def rows(self, job: Job, spans: Spans) -> Iterator[bytes]:
        """Rows of the begun windows that hold a changed pane."""
        now_pane, today = pane_of(job.now_ms), job.zone.local_day(job.now_ms)
        days = {self.panes[pane].day for pane in self._changed}
        changes = (
            (PANE_WINDOWS, self.panes, self._changed, now_pane),
            (DAY_WINDOWS, self._days, days, today),
        )
        for windows, parts, changed, newest in changes:
            for window, length in windows.items():
                for last in _lasts(changed, length, newest):
                    within = _parts_within(parts, last, length)
                    total = within[0] if len(within) == 1 else _total(within)
                    says = (*total.sums, *percentiles(total.minutes))
                    row = _Row(
                        job.region, "unit", self._unit, window, *spans.of(window, last), *says
                    )
                    yield _encode_row(row)
        self._changed.clear()


_Row: Final[Any] = msgspec.defstruct(
    "PeerRow",
    [(name, Any) for name in (*names(IDENTITY), *METRICS, *names(PERCENTILES))],
    gc=False,
)
_encode_row = msgspec.json.Encoder().encode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, dict[int, PeerPart], set[int]]).decode


def _empty(day: int) -> PeerPart:
    return PeerPart(day, [0] * len(METRICS), {})


def _lasts(changed: Iterable[int], length: int, newest: int) -> set[int]:
    """The last panes (or days) of the begun windows that hold a changed one."""
    return {last for one in changed for last in range(one, min(one + length - 1, newest) + 1)}


def _parts_within(parts: dict[int, PeerPart], last: int, length: int) -> list[PeerPart]:
    return [parts[index] for index in range(last - length + 1, last + 1) if index in parts]


def _total(within: Sequence[PeerPart]) -> PeerPart:
    minutes: dict[int, int] = {}
    for part in within:
        for value, count in part.minutes.items():
            minutes[value] = minutes.get(value, 0) + count
    columns = zip(*[part.sums for part in within], strict=True)
    return PeerPart(within[0].day, list(map(sum, columns)), minutes)


def percentiles(minutes: dict[int, int]) -> tuple[int | None, int | None, int | None]:
    """(p50, p95, max): the value at 0-based position floor(q * n) of the sorted ones; None without any."""
    if not minutes:
        return None, None, None
    ordered = sorted(minutes.items())
    total = sum(minutes.values())
    return _at(ordered, int(0.5 * total)), _at(ordered, int(0.95 * total)), ordered[-1][0]


def _at(ordered: list[tuple[int, int]], position: int) -> int:
    for value, count in ordered:
        position -= count
        if position < 0:
            return value
    raise IndexError("position lies behind the last value")

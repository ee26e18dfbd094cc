"""Which panes changed since rows were last written for the tables: state of a fold that writes them less often than it is flushed.

flush         |     |     |     |     |       state, what stage two needs, the newest rows for walls
with rows     |                       |       and all rows that changed in between, for ClickHouse
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import msgspec

from contracts.time.days import DAY_MS
from streams.core.state_format import marked, unreadable

ROWS_KEY: Final = b"rows"
_MOST: Final = 2_000
"""A replay touches thousands of panes a second: their rows would stop the worker for long if they were written at once."""
Panes = dict[str, set[int]]


class _Stored(msgspec.Struct, array_like=True):
    time_ms: int
    panes: Panes


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode


class PendingRows:
    """`time_ms`: the fold's time when rows were last written, 0 before the first time."""

    def __init__(self) -> None:
        self.time_ms = 0
        self._panes: Panes = defaultdict(set)
        self._is_stored = False

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """(unit, pane) of each pane that changed."""
        return ((unit, pane) for unit, panes in self._panes.items() for pane in panes)

    def add(self, unit: str, pane: int) -> None:
        """Rows of this pane are to be written."""
        self._panes[unit].add(pane)

    def must_be_written(self, time_ms: int) -> bool:
        """Whether a flush at the fold's time must write rows, due or not: too much waits, or another day has begun.

        When days begin, facts are dropped that are out of reach: a fold that is restored could not sum up their rows again. That
        is at local midnight, of which one at most lies within a UTC day, and the reach is a day longer than need be.
        """
        return self._is_of_another_day(time_ms) or sum(map(len, self._panes.values())) > _MOST

    def _is_of_another_day(self, time_ms: int) -> bool:
        return time_ms // DAY_MS != self.time_ms // DAY_MS

    def record(self, time_ms: int, with_rows: bool) -> dict[bytes, bytes | None]:
        """The record of state that a flush at the fold's time sends, if any; `with_rows`: whether it writes rows."""
        if with_rows:
            self._panes.clear()
            self.time_ms = time_ms
            was_stored, self._is_stored = self._is_stored, False
            return {ROWS_KEY: None} if was_stored else {}
        self._is_stored = True
        return {ROWS_KEY: marked(_encode(_Stored(self.time_ms, self._panes)))}

    def restore(self, value: bytes) -> None:
        """Takes the record, without its mark. Raises `msgspec.MsgspecError`."""
        stored = _decode(value)
        self._panes.update(stored.panes)
        self.time_ms = stored.time_ms
        self._is_stored = True

    def restored(self, time_ms: int) -> None:
        """After all records, at the fold's time: without one, rows were last written then. Raises `UnreadableStateError`."""
        if self._is_stored and (self.time_ms > time_ms or self._is_of_another_day(time_ms)):
            raise unreadable(ROWS_KEY)
        self.time_ms = self.time_ms or time_ms

"""What waits for its moment: events, commands, and timers, in one order that does not depend on how they came."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, NamedTuple


class Timer(NamedTuple):
    """Something of a kind (or of the region, `~...`) that is due at a moment, epoch ms."""

    at: int
    kind: str
    key: str


class AlertQueue:
    """At one moment events come before timers; events by source, those of one source by `order`."""

    def __init__(self) -> None:
        self._items: list[tuple[int, str, int, int, Any]] = []
        self._pushed = 0
        self._timers: list[Timer] = []
        self._set: set[Timer] = set()

    def push(self, at: int, source: str, order: int, item: Any) -> None:
        """`item` happens at `at`."""
        self._pushed += 1
        heappush(self._items, (at, source, order, self._pushed, item))

    def wake(self, timer: Timer) -> None:
        """A timer is set; one that is set already is set once."""
        if timer not in self._set:
            self._set.add(timer)
            heappush(self._timers, timer)

    def next_at(self, until: int) -> int:
        """The moment of what happens next; `until` if nothing happens before it."""
        item_at = self._items[0][0] if self._items else until
        timer_at = self._timers[0].at if self._timers else until
        return min(item_at, timer_at, until)

    def next(self) -> list[Any]:
        """Takes what happens next, if anything is here: a `Timer`, or all items of one source at one moment."""
        if self._timers and not (self._items and self._items[0][0] <= self._timers[0].at):
            timer = heappop(self._timers)
            self._set.discard(timer)
            return [timer]
        (item_at, source), items = self._items[0][:2], []
        while self._items and self._items[0][:2] == (item_at, source):
            items.append(heappop(self._items)[4])
        return items

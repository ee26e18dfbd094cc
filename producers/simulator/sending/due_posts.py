"""What devices have still to send: posts by the moment they are due, delayed while a unit is cut off."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from producers.simulator.events.event_lines import HEARTBEAT, DeviceEvent
from producers.simulator.sending.devices import STALE_MS, Post

MAX_LINES: Final = 1_000
"""Of one request: what gathered in hours goes in several."""


class DuePosts:
    """Posts to come. All times are the region's clock, epoch milliseconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Post]] = []
        self._number = 0
        self._cut: dict[str, list[tuple[int, int]]] = {}
        self._waiting: dict[str, list[Post]] = {}

    def __len__(self) -> int:
        """Posts that are not due yet, and those that are."""
        return len(self._heap) + sum(map(len, self._waiting.values()))

    @property
    def waiting(self) -> int:
        """Posts that are due and not taken."""
        return sum(map(len, self._waiting.values()))

    def add(self, posts: Iterable[Post]) -> None:
        """More to send."""
        for post in posts:
            self._push(post.due_ms, post)

    def cut_off(self, unit_id: str, from_ms: int, to_ms: int) -> None:
        """Between these moments the unit has no network: what is due then is sent at the end."""
        self._cut.setdefault(unit_id, []).append((from_ms, to_ms))

    def next_ms(self) -> int | None:
        """When the next post is due, or None."""
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int) -> list[str]:
        """Units that have something to send by `now_ms`."""
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, _, post = heapq.heappop(self._heap)
            back_ms = self._back_ms(post.unit_id, due_ms)
            if back_ms is None:
                self._waiting.setdefault(post.unit_id, []).append(post)
            else:
                self._push(back_ms, post)
        return list(self._waiting)

    def take(self, unit_id: str, now_ms: int) -> list[DeviceEvent]:
        """What the unit sends now, at most `MAX_LINES`, each event once, without heartbeats that nobody needs any more."""
        posts = self._waiting.get(unit_id, [])
        taken: dict[str, DeviceEvent] = {}
        while posts and (not taken or len(taken) + len(posts[0].events) <= MAX_LINES):
            for one in posts.pop(0).events:
                if one.rank != HEARTBEAT or now_ms - one.made_ms <= STALE_MS:
                    taken[one.id] = one
        if not posts:
            self._waiting.pop(unit_id, None)
        return list(taken.values())

    def _push(self, due_ms: int, post: Post) -> None:
        self._number += 1
        heapq.heappush(self._heap, (due_ms, self._number, post))

    def _back_ms(self, unit_id: str, at_ms: int) -> int | None:
        """When the unit is back, if it is cut off at `at_ms`."""
        ends = [end for start, end in self._cut.get(unit_id, ()) if start <= at_ms < end]
        return max(ends) if ends else None

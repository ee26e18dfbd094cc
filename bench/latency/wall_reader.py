"""A wall that applies frames and notes when each event was first in them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection

from bench.latency.latency_report import Seen

_WINDOW = "1d"


class Wall:
    """Holds the rows of today of `units` and of the kabupaten `region`."""

    def __init__(self, units: Sequence[str], region: str) -> None:
        self._region = region
        self._keys = {f"performance/unit/{unit}/{_WINDOW}": unit for unit in units}
        self._kabupaten = f"performance/kabupaten/{region}/{_WINDOW}"
        self._events = dict.fromkeys(units, 0)
        self._total = 0
        self._posted = dict.fromkeys(units, 0)
        # (number of the kitchen's event, when posted, when answered), oldest first
        self._awaited: dict[str, deque[tuple[int, float, float]]] = {
            unit: deque() for unit in units
        }
        # When a count was first shown: the frame may come before the answer does.
        self._shown: dict[str, deque[tuple[int, float]]] = {unit: deque() for unit in units}
        self._shown_all: dict[str, deque[tuple[int, float]]] = {unit: deque() for unit in units}
        self._changed = asyncio.Event()
        self._frames = 0
        self._kitchen: list[float] = []
        self._all: list[float] = []
        self._whole: list[float] = []

    async def begin(self, socket: ClientConnection, token: str) -> None:
        """Authenticates and subscribes."""
        await socket.send(json.dumps({"op": "auth", "token": token, "client": "bench"}))
        welcome = json.loads(await socket.recv())
        if welcome["op"] != "welcome":
            raise RuntimeError(f"the gateway refused: {welcome}")
        asked = {"topics": ["performance"], "levels": ["unit", "kabupaten"]}
        await socket.send(json.dumps({"op": "subscribe", "region": self._region} | asked))

    async def read(self, socket: ClientConnection) -> None:
        """Applies frames until cancelled."""
        async for text in socket:
            now_s = time.monotonic()
            frame: dict[str, Any] = msgspec.json.decode(text)
            if frame["op"] == "error":
                raise RuntimeError(f"the gateway closes: {frame}")
            self._apply(frame.get("rows", ()), now_s)

    def _apply(self, rows: Sequence[dict[str, Any]], now_s: float) -> None:
        changed = []
        for row in rows:
            unit = self._keys.get(row["key"])
            if unit is not None:
                self._events[unit] = row["events"]
                changed.append(unit)
            elif row["key"] == self._kabupaten:
                self._total = row["events"]
        self._frames += bool(rows)
        self._changed.set()
        for unit in changed:
            self._shown[unit].append((self._events[unit], now_s))
        if self._total == sum(self._events.values()):
            for unit, count in self._events.items():
                shown = self._shown_all[unit]
                if not shown or shown[-1][0] != count:
                    shown.append((count, now_s))

    def posted(self, unit: str, sent_s: float, answered_s: float) -> None:
        """A kitchen's event was answered with 202; its events come one after the other."""
        self._posted[unit] += 1
        self._awaited[unit].append((self._posted[unit], sent_s, answered_s))

    async def all_seen(self, seconds: float) -> None:
        """Waits until every event is in both rows, and works out when. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not all(
                shown and shown[-1][0] >= self._posted[unit]
                for unit, shown in self._shown_all.items()
            ):
                self._changed.clear()
                await self._changed.wait()
        for unit, awaited in self._awaited.items():
            kitchen = _first_times([one[0] for one in awaited], self._shown[unit])
            everywhere = _first_times([one[0] for one in awaited], self._shown_all[unit])
            for (_, sent_s, answered_s), at, all_at in zip(
                awaited, kitchen, everywhere, strict=True
            ):
                self._kitchen.append(max(0.0, at - answered_s))
                self._all.append(max(0.0, all_at - answered_s))
                self._whole.append(all_at - sent_s)
            awaited.clear()

    def forget(self) -> None:
        """What was measured so far was only to warm up."""
        self._kitchen.clear()
        self._all.clear()
        self._whole.clear()
        self._frames = 0

    def seen(self) -> Seen:
        """All latencies, seconds."""
        return Seen(self._kitchen, self._all, self._whole, self._frames)


def _first_times(counts: Sequence[int], shown: deque[tuple[int, float]]) -> list[float]:
    """For each of ascending `counts`, when a count as great was first shown."""
    found = []
    steps = iter(shown)
    count, at = next(steps)
    for wanted in counts:
        while count < wanted:
            count, at = next(steps)
        found.append(at)
    return found

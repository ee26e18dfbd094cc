"""Where the stream meets the clients: the regions' maps, who listens, frames encoded once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Protocol

from contracts.time.clock import Clock, rfc3339
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.api.page_tokens import now_s
from dashboard_ws.gateway.connections.round import Moment, Round
from dashboard_ws.gateway.live.attendance_sums import AttendanceSums
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.day_line import DayLine
from dashboard_ws.gateway.live.region_map import (
    Contents,
    Filter,
    Frame,
    MapPosition,
    RegionMap,
    Update,
)
from dashboard_ws.gateway.protocol import wire
from dashboard_ws.gateway.protocol.session import Closed

_MAX_CACHED: Final = 64
_STEP_S: Final = 0.02
"""Clients that have to wait until different moments wait for the same rounds: each one asks all clients."""


class Listener(Protocol):
    """A client, as far as the hub knows it."""

    def changed(self, now: Round) -> None:
        """The region has a new frame, or may be sent one that had to wait. Must not block."""

    def shown(self, region: str) -> Contents | None:
        """What it was sent of the region; None if nothing."""

    def close(self, closed: Closed) -> None:
        """End it with this code."""

    def watch(self, now: Moment) -> int:
        """Asked about once a second: bytes it has not taken; ends itself when it is too slow. Pings are sent then."""

    def abort(self) -> None:
        """Free its socket now."""


class Regions:
    """What one stream has sent of each region. One that is still read from its beginning has only the past."""

    def __init__(self, regions: Iterable[str]) -> None:
        self.maps = {region: RegionMap() for region in regions}
        self.days = {region: DayLine(f"performance/kabupaten/{region}/1d") for region in self.maps}
        self.attendance = {region: AttendanceSums() for region in self.maps}

    def apply(self, region: str, frame: Frame) -> None:
        """Take a frame of the stream. Regions not served here are ignored."""
        if region in self.maps:
            self.maps[region].apply(frame)
            self.days[region].note(frame)
            self.attendance[region].note(frame)


class Hub:
    """One gateway's regions and clients. Everything runs on the event loop."""

    def __init__(self, regions: Iterable[str], clock: Clock) -> None:
        self._shown = Regions(regions)
        self._clock = clock
        self.clients: set[Listener] = set()
        self._empty = asyncio.Event()
        self._cache: dict[tuple[object, ...], tuple[float, list[wire.Sent]]] = {}
        self._rounds: dict[str, tuple[float, asyncio.TimerHandle]] = {}
        """The next one of a region, where clients wait for it."""

    @property
    def maps(self) -> dict[str, RegionMap]:
        """The regions' live maps."""
        return self._shown.maps

    @property
    def days(self) -> dict[str, DayLine]:
        """The regions' days."""
        return self._shown.days

    @property
    def attendance(self) -> dict[str, AttendanceSums]:
        """Who is present and who has eaten, by region."""
        return self._shown.attendance

    def show(self, regions: Regions) -> None:
        """From now on clients are shown these: another epoch, so each is given a snapshot."""
        self._shown = regions
        for region in regions.maps:
            self._notify(region)

    def join(self, client: Listener) -> None:
        """From now on the client is notified of changes."""
        self.clients.add(client)
        self._empty.clear()

    def leave(self, client: Listener) -> None:
        """No more."""
        self.clients.discard(client)
        if not self.clients:
            self._empty.set()

    async def empty(self, timeout_s: float) -> None:
        """Wait until all clients have left, at most `timeout_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s if self.clients else 0):
                await self._empty.wait()

    def now(self) -> str:
        """The region's clock, RFC 3339."""
        return rfc3339(self.now_ms())

    def now_ms(self) -> int:
        """The region's clock, epoch milliseconds."""
        return self._clock.now_ms()

    @property
    def clock_factor(self) -> float:
        """Milliseconds of the region's clock in a real one."""
        return self._clock.factor

    def apply(self, region: str, frame: Frame) -> None:
        """Take a frame of the stream and wake who listens. Regions not served here are ignored."""
        if region in self.maps:
            self._shown.apply(region, frame)
            self._notify(region)

    def _notify(self, region: str) -> None:
        gateway_metrics.ROWS.labels(region).set(len(self.maps[region]))
        self._round(region)

    def _round(self, region: str) -> None:
        now = Round(region, self.maps[region], lambda *what: self._frames(region, *what)[0])
        for client in self.clients:
            client.changed(now)
        now.count()
        if now.again is not None:
            self.wait(region, now.again)

    def wait(self, region: str, until: float) -> None:
        """A client that is due something waits until then (monotonic seconds): have another round."""
        known = self._rounds.get(region)
        if known is not None:
            if known[0] <= until:
                return
            known[1].cancel()
        delay = max(until - time.monotonic(), _STEP_S)
        loop = asyncio.get_running_loop()
        self._rounds[region] = (until, loop.call_later(delay, self._next_round, region))

    def _next_round(self, region: str) -> None:
        del self._rounds[region]
        self._round(region)

    def has_delta(self, subscription: Subscription) -> bool:
        """Whether what a client is due, if anything, is one delta and not a snapshot."""
        update = self.maps[subscription.region].since(subscription.reached, subscription.wanted)
        return update is not None and update.since is not None

    def next(self, subscription: Subscription, *, to_head: bool = False) -> list[wire.Sent]:
        """Frames that bring the subscription up to now; empty if there is nothing to say."""
        first = not subscription.answered
        reached = subscription.reached
        update = subscription.next(self.maps[subscription.region], to_head=to_head)
        if update is None:
            return []
        if first:
            gateway_metrics.RESUMES.labels(_how(reached, update)).inc()
        elif update.since is not None:
            gateway_metrics.CONFLATED.inc(update.conflated)
        return self._frames(subscription.region, subscription.wanted, update)

    def _frames(self, region: str, wanted: Filter, update: Update) -> list[wire.Sent]:
        """Clients that want the same from the same position share the encoded frames."""
        key = (region, wanted, update.position, update.since)
        at = time.monotonic()
        until, frames = self._cache.get(key, (0.0, []))
        if at < until:
            return frames
        frames = wire.frames(update, self.now())
        while len(self._cache) >= _MAX_CACHED:
            del self._cache[next(iter(self._cache))]
        # `now` of a shared snapshot may be a second of the region's clock old, not more.
        self._cache[key] = (at + min(1.0, 1 / self._clock.factor), frames)
        return frames

    def watch(self, at: float) -> None:
        """Let every client check its own state; `at`: monotonic seconds."""
        now = Moment(at, now_s(), self.now())
        gateway_metrics.BUFFER.set(sum(client.watch(now) for client in tuple(self.clients)))

    def shown(self, region: str) -> list[Contents]:
        """What each client that shows the region was sent of it."""
        found = (client.shown(region) for client in self.clients)
        return [contents for contents in found if contents is not None]

    def close_all(self, closed: Closed) -> None:
        """End every connection."""
        for client in tuple(self.clients):
            client.close(closed)


def _how(reached: MapPosition | None, update: Update) -> str:
    if reached is None:
        return "new"
    return "snapshot" if update.since is None else "delta"

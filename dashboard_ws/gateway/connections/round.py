"""One moment at which a region's clients are given what they lack: what is the same for many of them is made and counted once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.api.page_tokens import now_s
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import Filter, MapPosition, RegionMap, Update
from dashboard_ws.gateway.protocol import wire

_MAX_SHARED: Final = 64
"""Clients at more positions than these share less: their deltas must not fill the memory."""


@dataclass(slots=True)
class SharedDelta:
    """For all clients at one position that want the same. `sent` None: nothing is due. `clients`: how many were handed it."""

    update: Update
    sent: wire.Sent | None
    clients: int = 0


class Moment(NamedTuple):
    """`at`: monotonic seconds; `real_s`: epoch seconds of real time; `clock`: the region's, RFC 3339."""

    at: float
    real_s: float
    clock: str


class Round:
    """`encode` makes the frame of a delta; `again`: the first moment at which more may be sent to a client that has to wait."""

    def __init__(
        self, region: str, live: RegionMap, encode: Callable[[Filter, Update], wire.Sent]
    ) -> None:
        self.region = region
        self.live = live
        self.at = time.monotonic()
        self.now_s = now_s()
        self.again: float | None = None
        self._encode = encode
        self._deltas: dict[tuple[MapPosition | None, Filter], SharedDelta] = {}

    def delta(self, subscription: Subscription) -> SharedDelta | None:
        """What the client is due; None where that is more than a delta."""
        if not subscription.answered:
            return None
        key = (subscription.reached, subscription.wanted)
        return self._deltas.get(key) or self._make(key)

    def _make(self, key: tuple[MapPosition | None, Filter]) -> SharedDelta | None:
        update = self.live.since(*key)
        if update is None or update.since is None:
            return None
        if len(self._deltas) >= _MAX_SHARED:
            self.count()
        sent = None if update.is_empty else self._encode(key[1], update)
        made = self._deltas[key] = SharedDelta(update, sent)
        return made

    def wait(self, until: float) -> None:
        """A client that is due something was sent something just now."""
        if self.again is None or until < self.again:
            self.again = until

    def count(self) -> None:
        """At the end of the round. Counting costs nearly as much as all else that is done for a client."""
        for one in self._deltas.values():
            if one.sent is not None:
                gateway_metrics.CONFLATED.inc(one.update.conflated * one.clients)
                gateway_metrics.frames_of(one.sent.op).inc(one.clients)
                gateway_metrics.bytes_of("ws").inc(len(one.sent.text) * one.clients)
                gateway_metrics.FLUSH.observe(time.monotonic() - self.at)
        self._deltas.clear()

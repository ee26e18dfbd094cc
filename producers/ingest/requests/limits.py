"""How much one device, and all of them together, may ask for at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chassis.http.gate import unavailable
from chassis.http.problems import Problem
from producers.ingest.ingest_metrics import IN_FLIGHT_BYTES

REQUESTS_PER_S: Final = 200.0
"""A device's sustained rate.

A kitchen sends a few requests a minute; the demo clock runs 72 times as fast.
"""
BURST: Final = 400.0
"""Requests a device may send at once, after a pause."""
IN_FLIGHT_BYTES_MAX: Final = 128 * 1024 * 1024
"""Unpacked bytes of all requests being answered: beyond it, new ones are told to come back."""
_IDLE_BUCKETS: Final = 10_000


class RateLimit:
    """A token bucket a device. Times are seconds of a monotonic clock."""

    def __init__(self, per_s: float = REQUESTS_PER_S, burst: float = BURST) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, device: str, now_s: float) -> None:
        """Count one request of `device`.

        Raises `Problem` 429 with the seconds until the next is due.
        """
        held, since = self._buckets.get(device, (self._burst, now_s))
        held = min(self._burst, held + (now_s - since) * self._per_s)
        if held < 1:
            self._buckets[device] = (held, now_s)
            wait_s = math.ceil((1 - held) / self._per_s)
            raise Problem(
                429,
                "Too Many Requests",
                f"This device sends more than {self._per_s:.0f} requests a second: "
                "put several events in one request.",
                {"Retry-After": str(max(wait_s, 1))},
            )
        if len(self._buckets) >= _IDLE_BUCKETS:
            self._forget_full(now_s)
        self._buckets[device] = (held - 1, now_s)

    def _forget_full(self, now_s: float) -> None:
        """A bucket that is full again says nothing."""
        refill_s = self._burst / self._per_s
        self._buckets = {
            device: bucket
            for device, bucket in self._buckets.items()
            if now_s - bucket[1] < refill_s
        }


class Budget:
    """Bytes in flight, of all requests together."""

    def __init__(self, limit: int = IN_FLIGHT_BYTES_MAX) -> None:
        self._limit = limit
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """One request's share, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self._held -= share.held
            IN_FLIGHT_BYTES.set(self._held)

    def take(self, size: int) -> None:
        """Count `size` bytes. Raises `Problem` 503 if that is more than there is."""
        if self._held + size > self._limit:
            raise unavailable("Too many requests are being written; send this one again later.")
        self._held += size
        IN_FLIGHT_BYTES.set(self._held)


class Share:
    """What one request holds of the budget, in bytes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.held = 0

    def take(self, size: int) -> None:
        """Hold `size` bytes more. Raises `Problem` 503 if the budget is used up."""
        self._budget.take(size)
        self.held += size

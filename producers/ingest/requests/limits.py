"""How much one device, and all of them together, may ask for at a time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from chassis.http.gate import unavailable
from chassis.http.problems import Problem
from producers.ingest.ingest_metrics import IN_FLIGHT_BYTES

_IDLE_BUCKETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """What one device may ask for, and all together."""

    requests_per_s: float = 200.0
    """A device's sustained rate. A kitchen sends a few requests a minute; the demo clock runs 72
    times as fast."""
    burst: float = 400.0
    """Requests a device may send at once, after a pause."""
    refused_per_request: int = 100
    """So many refused items count as one request more."""
    bytes_in_flight: int = 128 * 1024 * 1024
    """Unpacked bytes of all requests being answered: beyond it, new ones are told to come back."""
    device_bytes: int = 20 * 1024 * 1024
    """Of which one device may hold so many: two of the greatest bodies."""


class RateLimit:
    """A token bucket a device. Times are seconds of a monotonic clock."""

    def __init__(self, limits: DeviceLimits) -> None:
        self._limits = limits
        self._per_s = limits.requests_per_s
        self._burst = limits.burst
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

    def charge(self, device: str, refused: int) -> None:
        """Count what the refused items of a request have cost besides: a small body may hold many."""
        held, since = self._buckets[device]
        self._buckets[device] = (held - refused // self._limits.refused_per_request, since)

    def _forget_full(self, now_s: float) -> None:
        """A bucket that is full again says nothing."""
        refill_s = self._burst / self._per_s
        self._buckets = {
            device: bucket
            for device, bucket in self._buckets.items()
            if now_s - bucket[1] < refill_s
        }


class Budget:
    """Bytes in flight, of all requests together and of each device."""

    def __init__(self, limits: DeviceLimits) -> None:
        self._limits = limits
        self._devices: Counter[str] = Counter()

    @contextmanager
    def share(self, device: str) -> Iterator[Share]:
        """One request's share, given back at the end of the block."""
        share = Share(self, device)
        try:
            yield share
        finally:
            self._devices[device] -= share.held
            if not self._devices[device]:
                del self._devices[device]
            IN_FLIGHT_BYTES.set(self._devices.total())

    def take(self, device: str, size: int) -> None:
        """Count `size` bytes. Raises `Problem`: 429 if the device holds too many, 503 if all do."""
        if self._devices[device] + size > self._limits.device_bytes:
            raise Problem(
                429,
                "Too Many Requests",
                "This device has too many requests under way: wait for their answers.",
                {"Retry-After": "2"},
            )
        if self._devices.total() + size > self._limits.bytes_in_flight:
            raise unavailable("Too many requests are being written; send this one again later.")
        self._devices[device] += size
        IN_FLIGHT_BYTES.set(self._devices.total())


class Share:
    """What one request holds of the budget, in bytes."""

    def __init__(self, budget: Budget, device: str) -> None:
        self._budget = budget
        self._device = device
        self.held = 0

    def take(self, size: int) -> None:
        """Hold `size` bytes more. Raises `Problem` 429 or 503 if there are no more."""
        self._budget.take(self._device, size)
        self.held += size

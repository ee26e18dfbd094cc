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
    letters_burst: float = 10_000.0
    """Dead letters that a device may cause at once, after a pause: days of events in a wrong shape ..."""
    letters_per_s: float = 10.0
    """... and sustained. All are stored: a device that repeats a mistake without end must not fill the disk."""
    bytes_in_flight: int = 128 * 1024 * 1024
    """Unpacked bytes of all requests being answered: beyond it, new ones are asked to come back."""
    device_bytes: int = 20 * 1024 * 1024
    """Of which one device may hold so many: two of the greatest bodies."""


class _Buckets:
    """A token bucket a device, which may go into debt. Times are seconds of a monotonic clock."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._levels: dict[str, tuple[float, float]] = {}

    def wait_s(self, device: str, now_s: float) -> int:
        """Whole seconds until the device holds one token; 0 if it does."""
        level = self._now(device, now_s)
        return 0 if level >= 1 else max(math.ceil((1 - level) / self._per_s), 1)

    def spend(self, device: str, tokens: float, now_s: float) -> None:
        """Take `tokens` out, be they there or not."""
        if len(self._levels) >= _IDLE_BUCKETS:
            self._forget_full(now_s)
        self._levels[device] = (self._now(device, now_s) - tokens, now_s)

    def _now(self, device: str, now_s: float) -> float:
        level, since = self._levels.get(device, (self._burst, now_s))
        return min(self._burst, level + (now_s - since) * self._per_s)

    def _forget_full(self, now_s: float) -> None:
        """A bucket that is full again says nothing."""
        self._levels = {
            device: bucket
            for device, bucket in self._levels.items()
            if self._now(device, now_s) < self._burst
        }


class RateLimit:
    """Requests of each device, and the dead letters that they make."""

    def __init__(self, limits: DeviceLimits) -> None:
        self._limits = limits
        self._requests = _Buckets(limits.requests_per_s, limits.burst)
        self._letters = _Buckets(limits.letters_per_s, limits.letters_burst)

    def take(self, device: str, now_s: float) -> None:
        """Count one request of `device` at `now_s`, seconds of a monotonic clock.

        Raises `Problem` 429 with the seconds until the next is due.
        """
        if wait_s := self._requests.wait_s(device, now_s):
            raise _too_many(
                f"This device sends more than {self._limits.requests_per_s:.0f} requests a second: "
                "put several events in one request.",
                wait_s,
            )
        if wait_s := self._letters.wait_s(device, now_s):
            raise _too_many(
                "So many events of this device were refused that no more are kept for now: "
                "mend what makes them (the answers named each with its code).",
                wait_s,
            )
        self._requests.spend(device, 1, now_s)

    def charge(self, device: str, refused: int, letters: int, now_s: float) -> None:
        """Count what a request's refused items have cost besides: a small body may hold many. `letters`: stored of them."""
        if refused:
            self._requests.spend(device, refused // self._limits.refused_per_request, now_s)
            self._letters.spend(device, letters, now_s)


def _too_many(detail: str, wait_s: int) -> Problem:
    return Problem(429, "Too Many Requests", detail, {"Retry-After": str(wait_s)})


class Budget:
    """Bytes in flight, of all requests together and of each device."""

    def __init__(self, limits: DeviceLimits) -> None:
        self._limits = limits
        self._devices: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def share(self, device: str) -> Iterator[Share]:
        """One request's share, given back at the end of the block."""
        share = Share(self, device)
        try:
            yield share
        finally:
            self._devices[device] -= share.taken
            if not self._devices[device]:
                del self._devices[device]
            self._add(-share.taken)

    def _add(self, size: int) -> None:
        self._total += size
        IN_FLIGHT_BYTES.set(self._total)

    def take(self, device: str, size: int) -> None:
        """Count `size` bytes. Raises `Problem`: 429 if the device holds too many, 503 if all do."""
        if self._devices[device] + size > self._limits.device_bytes:
            raise _too_many(
                "This device has too many requests under way: wait for their answers.", 2
            )
        if self._total + size > self._limits.bytes_in_flight:
            raise unavailable("Too many requests are being written; send this one again later.")
        self._devices[device] += size
        self._add(size)


class Share:
    """What one request holds of the budget, in bytes."""

    def __init__(self, budget: Budget, device: str) -> None:
        self._budget = budget
        self._device = device
        self.taken = 0

    def take(self, size: int) -> None:
        """Hold `size` bytes more. Raises `Problem` 429 or 503 if there are no more."""
        self._budget.take(self._device, size)
        self.taken += size

"""The workers that `bench.recovery` starts, watches and kills."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Final, NamedTuple

from bench.ground import Ground, until
from bench.positions import Positions
from engines.kafka.broker import pick_port

FILL_S: Final = 1_800.0
"""Seconds in which all events must be folded."""
_READY_S: Final = 120.0
_STEADY_S: Final = 3.0


class KilledWorker(NamedTuple):
    """A worker and the port of its health."""

    process: subprocess.Popen[bytes]
    port: int

    def is_ready(self) -> bool:
        """Whether it owns what it was assigned."""
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def say(text: str) -> None:
    """Progress goes to stderr."""
    sys.stderr.write(text + "\n")


def start(place: Ground, number: int, flush_ms: int | None = None) -> KilledWorker:
    """Starts a worker whose health can be asked."""
    port = pick_port()
    environment = place.worker_environment() | {
        "PANTAU_HEALTH_PORT": str(port),
        "PANTAU_FLUSH_MS": str(flush_ms or place.flush_ms),
    }
    command = [sys.executable, "-m", "streams"]
    return KilledWorker(place.start(command, environment, f"worker-{number}"), port)


def steady(workers: Sequence[KilledWorker]) -> None:
    """Waits until all have been ready for some seconds: a join takes everybody's partitions away for a moment."""
    since: list[float] = []

    def settled() -> bool:
        if not all(worker.is_ready() for worker in workers):
            since.clear()
            return False
        since.append(time.monotonic())
        return since[-1] - since[0] > _STEADY_S

    until(settled, _READY_S, "the workers do not become ready")


def folded(workers: Sequence[KilledWorker], wanted: dict[str, int], positions: Positions) -> None:
    """Waits until stage one has come to `wanted` and the region has followed."""

    def there() -> bool:
        alive(workers)
        return positions.have_reached(wanted)

    until(there, FILL_S, "the events were not folded")


def alive(workers: Sequence[KilledWorker]) -> None:
    """Raises `RuntimeError` if one has ended: nobody starts it again here."""
    for worker in workers:
        if worker.process.poll() is not None:
            raise RuntimeError(f"a worker ended with {worker.process.returncode}: see its log")

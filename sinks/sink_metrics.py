"""What the sink counts for Prometheus, and whether it is ready."""

from __future__ import annotations

import threading
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from chassis.health import Health

ROWS: Final = Counter("pantau_sink_rows", "Rows inserted", ["table"])
REJECTS: Final = Counter("pantau_sink_rejects", "Lines set aside in sink_rejects", ["table"])
EMPTY: Final = Counter(
    "pantau_sink_empty_records", "Records without a value, which say nothing", ["topic"]
)
ERRORS: Final = Counter(
    "pantau_sink_errors", "Batches that were put back and tried again", ["reader"]
)
LAG: Final = Gauge(
    "pantau_sink_lag_records",
    "Records up to the log's end that are not yet in ClickHouse, uncommitted ones too",
    ["topic", "partition"],
)
LAST_WRITE: Final = Gauge(
    "pantau_sink_last_write_seconds", "Machine's time of the last batch, epoch seconds", ["reader"]
)
WAITING: Final = Gauge(
    "pantau_sink_waiting_seconds",
    "Seconds since ClickHouse took the last batch, while it takes none; 0: it takes rows",
    ["reader"],
)
WRITE_SECONDS: Final = Histogram(
    "pantau_sink_write_seconds", "Seconds to write one batch", ["reader"]
)


class Readiness:
    """Ready once every reader works; not ready while one of them does not, with its reason."""

    def __init__(self, health: Health, readers: tuple[str, ...]) -> None:
        self._health = health
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = dict.fromkeys(readers, "starting")

    def fine(self, reader: str) -> None:
        """`reader` does its work."""
        with self._lock:
            if self._troubles.pop(reader, None) is not None:
                self._report()

    def trouble(self, reader: str, reason: str) -> None:
        """`reader` does not do its work, because of `reason`."""
        with self._lock:
            self._troubles[reader] = reason
            self._report()

    def _report(self) -> None:
        if self._troubles:
            self._health.not_ready(
                "; ".join(f"{name}: {why}" for name, why in self._troubles.items())
            )
        else:
            self._health.ready()

"""What a worker says of itself, computed when it is asked, in the thread that answers: the worker itself may stand still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily

from chassis.feeds.log_ends import LogEnds
from streams.agents.owners import Owners

_TURN_S: Final = 20.0
"""A long fold takes some seconds of the loop; no fold takes so many."""
_FLUSH_S: Final = 20.0
_LABELS: Final = ("topic", "partition")


class WorkerHealth:
    """A check for `Health`, and a collector for Prometheus."""

    def __init__(self, owners: Owners, ends: LogEnds) -> None:
        self._owners = owners
        self._ends = ends
        self._turned_at = time.monotonic()

    def turned(self) -> None:
        """The worker's loop goes on: to be called in it, every few seconds at least."""
        self._turned_at = time.monotonic()

    def trouble(self) -> str | None:
        """Why records are not folded now, or None."""
        stands_s = time.monotonic() - self._turned_at
        if stands_s > _TURN_S:
            return f"the worker has stood still for {stands_s:.0f} s"
        flushing_s = self._owners.flushing_s
        if flushing_s > _FLUSH_S:
            return f"a flush has been under way for {flushing_s:.0f} s"
        return self._ends.trouble()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Positions of the partitions that are owned now, and how far each is behind."""
        position = GaugeMetricFamily(
            "pantau_stream_position", "Next offset of the input: all before it is flushed", labels=_LABELS
        )  # fmt: skip
        lag = GaugeMetricFamily(
            "pantau_stream_lag_records",
            "Records up to the log's end that are not folded and flushed yet, uncommitted ones too",
            labels=_LABELS,
        )
        for topic, partition, flushed in self._owners.flushed():
            labels = (topic, str(partition))
            position.add_metric(labels, flushed)
            lag.add_metric(labels, self._ends.lag(topic, partition, flushed))
        yield from (position, lag)

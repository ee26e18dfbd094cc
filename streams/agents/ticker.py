"""The ticker: writes a signed tick into every input partition, so that time passes for the folds though nothing arrives.

A tick carries nothing but its append time. So two tickers for a moment, after a rebalance, do no harm.
"""

from __future__ import annotations

from typing import Final

from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaSender
from contracts.results.topics import (
    EVENT_TOPICS,
    TICK,
    control_headers,
)
from contracts.time.clock import Clock, rfc3339

_LEAST_REAL_S: Final = 0.2


def tick_interval_s(tick_s: float, clock: Clock) -> float:
    """Seconds of real time between two ticks that are `tick_s` apart on the region's clock."""
    return max(tick_s / clock.factor, _LEAST_REAL_S)


class Ticker:
    """`tick_s`: seconds of the region's clock between ticks."""

    def __init__(
        self, sender: KafkaSender, clock: Clock, key: bytes, partitions: int, tick_s: float
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._key = key
        self._partitions = partitions
        self.interval_s = tick_interval_s(tick_s, clock)

    async def start(self) -> None:
        """Connects."""
        await self._sender.open()

    async def tick(self) -> None:
        """One tick into each partition; returns when the broker has them."""
        value = b'{"now":"' + rfc3339(self._clock.now_ms()).encode() + b'"}'
        await self._sender.send(
            OutgoingRecord(
                topic,
                value,
                None,
                partition,
                control_headers(self._key, TICK, topic, partition, value),
            )
            for topic in EVENT_TOPICS
            for partition in range(self._partitions)
        )

    async def stop(self) -> None:
        """Disconnects."""
        await self._sender.close()

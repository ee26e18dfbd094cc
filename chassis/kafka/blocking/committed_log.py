"""Reading what is committed, in the thread of who asks."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Any, Final

from kafka.structs import TopicPartition

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import STALLED_S, Bounds, LogRecord, Place, StalledReadError

_POLL_MS: Final = 500
_AT_ONCE: Final = 5_000
_ANSWER_MS: Final = 10_000


class CommittedLog:
    """Partitions as they are committed: what `LogReader` promises, for one thread. All methods raise `BROKER_ERRORS`."""

    def __init__(self, cluster: Cluster, client_id: str) -> None:
        self._consumer: Any = clients.blocking_consumer(
            cluster, client_id=client_id, max_poll_records=_AT_ONCE
        )

    def close(self) -> None:
        """Disconnects."""
        self._consumer.close(autocommit=False)

    def places(self, topics: Collection[str]) -> list[Place]:
        """The partitions of `topics`; none of one that does not exist."""
        return [
            Place(topic, number)
            for topic in topics
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]

    def bounds(self, places: Collection[Place]) -> dict[Place, Bounds]:
        """First and last offset of each, now."""
        at = [TopicPartition(*place) for place in places]
        first = self._consumer.beginning_offsets(at, _ANSWER_MS)
        end = self._consumer.end_offsets(at, _ANSWER_MS)
        return {place: Bounds(first[place], end[place]) for place in places}

    def read(
        self, place: Place, bounds: Bounds, stalled_s: float = STALLED_S
    ) -> Iterator[LogRecord]:
        """The records within `bounds`. Raises `StalledReadError` after `stalled_s` seconds without progress."""
        at = TopicPartition(*place)
        self._consumer.assign([at])
        self._consumer.seek(at, bounds.first)
        position, since = bounds.first, time.monotonic()
        # The end may be a transaction's mark, which no record shows: the position passes it.
        while position < bounds.end:
            for record in self._consumer.poll(timeout_ms=_POLL_MS).get(at, ()):
                if record.offset < bounds.end:
                    yield record
            before = position
            position = self._consumer.position(at, timeout_ms=_ANSWER_MS) or before
            if position > before:
                since = time.monotonic()
            elif time.monotonic() - since > stalled_s:
                raise StalledReadError(
                    f"{place} stands at {position} of {bounds.end} for {stalled_s:.0f} s: is Kafka well?"
                )

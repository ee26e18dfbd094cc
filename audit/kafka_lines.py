"""The event topics on Kafka, as the audit reads them: what is committed, partition by partition."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from chassis.kafka.cluster import Cluster
from contracts.results.topics import EVENT_TOPICS, control_of

_POLL_MS: Final = 500
_STALLED_S: Final = 30.0
_ANSWER_MS: Final = 10_000
_AT_ONCE: Final = 5_000


class Partition(NamedTuple):
    """One partition of an event topic."""

    topic: str
    partition: int


class LoggedLines(NamedTuple):
    """One record that holds event lines; Pantau's own records among them (ticks, registry) hold none."""

    offset: int
    value: bytes


class EventLog(Protocol):
    """What the audit needs of Kafka."""

    def spans(self) -> dict[Partition, tuple[int, int]]:
        """First offset that is still there, and the first one that is not committed yet."""

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        """Committed records with event lines, `first <= offset < end`, in order."""


class KafkaEventLog:
    """The real one. Close it after use. Its methods raise `kafka.errors.KafkaError`, `TimeoutError`.

    `key`: the installation's, which its control records are signed with.
    """

    def __init__(self, cluster: Cluster, key: bytes) -> None:
        self._key = key
        self._consumer = KafkaConsumer(
            **cluster.client(),
            client_id="audit",
            isolation_level="read_committed",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_poll_records=_AT_ONCE,
        )

    def close(self) -> None:
        """Let the connections go."""
        self._consumer.close(autocommit=False)

    def spans(self) -> dict[Partition, tuple[int, int]]:
        """See `EventLog`."""
        at = [
            TopicPartition(topic, number)
            for topic in EVENT_TOPICS
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]
        first = self._consumer.beginning_offsets(at, _ANSWER_MS)
        end = self._consumer.end_offsets(at, _ANSWER_MS)
        return {Partition(one.topic, one.partition): (first[one], end[one]) for one in at}

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        """See `EventLog`."""
        at = TopicPartition(*place)
        self._consumer.assign([at])
        self._consumer.seek(at, first)
        position, since = first, time.monotonic()
        # The end may be a transaction's marker, which no record shows: the position passes it.
        while position < end:
            for record in self._consumer.poll(timeout_ms=_POLL_MS).get(at, ()):
                value = record.value or b""
                if record.offset < end and not control_of(self._key, record.headers, value):
                    yield LoggedLines(record.offset, value)
            before, position = position, self._consumer.position(at, timeout_ms=_ANSWER_MS)
            if position > before:
                since = time.monotonic()
            elif time.monotonic() - since > _STALLED_S:
                raise TimeoutError(f"{place.topic}/{place.partition} stands at {position} of {end}")

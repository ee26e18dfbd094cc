"""The event topics on Kafka, as the audit reads them: what is committed, partition by partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.interface import Bounds, Place
from contracts.results.topics import EVENT_TOPICS, control_of


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
    """The real one. Its methods raise `BROKER_ERRORS`.

    `key`: the installation's, which its control records are signed with.
    """

    def __init__(self, log: CommittedLog, key: bytes) -> None:
        self._log = log
        self._key = key

    def spans(self) -> dict[Partition, tuple[int, int]]:
        """See `EventLog`."""
        found = self._log.bounds(self._log.places(EVENT_TOPICS))
        return {Partition(*place): (bounds.first, bounds.end) for place, bounds in found.items()}

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        """See `EventLog`."""
        for record in self._log.read(Place(*place), Bounds(first, end)):
            value = record.value or b""
            if not control_of(self._key, record.headers, value):
                yield LoggedLines(record.offset, value)

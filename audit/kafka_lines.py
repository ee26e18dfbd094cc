"""The event topics, the dead letters and the commands on Kafka, as the audit reads them: what is committed, partition by partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.interface import Bounds, LogRecord, Place
from contracts.results.tables import TABLES
from contracts.results.topics import (
    COMMAND,
    COMMANDS,
    DEAD_LETTERS,
    EVENT_TOPICS,
    TABLE_HEADER,
    control_of,
)
from contracts.time.clock import Clock

_LETTERS: Final = TABLES["dead_letters"].name.encode()


class Partition(NamedTuple):
    """One partition of an event topic."""

    topic: str
    partition: int


class LoggedLines(NamedTuple):
    """One record that holds event lines, or letters; Pantau's own records among the events (ticks, registry) hold none."""

    offset: int
    value: bytes


class LoggedCommand(NamedTuple):
    """What a person did about an alert. `at`: when it was given, epoch ms on the region's clock; `text`: JSON."""

    at: int
    text: str


class EventLog(Protocol):
    """What the audit needs of Kafka."""

    def spans(self) -> dict[Partition, tuple[int, int]]:
        """First offset that is still there, and the first one that is not committed yet."""

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        """Committed records with event lines, `first <= offset < end`, in order."""

    def letters(self) -> Iterator[LoggedLines]:
        """Committed records of dead letters up to now, in order."""

    def commands(self) -> Iterator[LoggedCommand]:
        """The commands that this installation has signed, up to now; those of a region in order."""


class KafkaEventLog:
    """The real one. Its methods raise `BROKER_ERRORS`.

    `key`: the installation's, which its control records are signed with; `clock`: the region's.
    """

    def __init__(self, log: CommittedLog, key: bytes, clock: Clock) -> None:
        self._log = log
        self._key = key
        self._clock = clock

    def spans(self) -> dict[Partition, tuple[int, int]]:
        """See `EventLog`."""
        found = self._log.bounds(self._log.places(EVENT_TOPICS))
        return {Partition(*place): (bounds.first, bounds.end) for place, bounds in found.items()}

    def read(self, place: Partition, first: int, end: int) -> Iterator[LoggedLines]:
        """See `EventLog`."""
        for record in self._log.read(Place(*place), Bounds(first, end)):
            if not control_of(self._key, record):
                yield LoggedLines(record.offset, record.value or b"")

    def letters(self) -> Iterator[LoggedLines]:
        """See `EventLog`."""
        for record in self._all(DEAD_LETTERS):
            # As the sink reads it: of several headers of one name the last counts.
            if dict(record.headers).get(TABLE_HEADER) == _LETTERS:
                yield LoggedLines(record.offset, record.value or b"")

    def commands(self) -> Iterator[LoggedCommand]:
        """See `EventLog`."""
        for record in self._all(COMMANDS):
            if control_of(self._key, record) == COMMAND:
                # Signed by this installation, so it is text.
                text = (record.value or b"").decode()
                yield LoggedCommand(self._clock.at(record.timestamp), text)

    def _all(self, topic: str) -> Iterator[LogRecord]:
        for place, bounds in self._log.bounds(self._log.places([topic])).items():
            yield from self._log.read(place, bounds)

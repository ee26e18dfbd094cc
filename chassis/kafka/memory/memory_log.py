"""One partition in memory: records, the transactions they are of, and what compaction leaves."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chassis.kafka.interface import Bounds, OutgoingRecord, Place


class TransactionState(enum.Enum):
    """What has become of a transaction."""

    OPEN = enum.auto()
    COMMITTED = enum.auto()
    ABORTED = enum.auto()


@dataclass
class MemoryTransaction:
    """One transaction and the partitions that it has written to."""

    state: TransactionState = TransactionState.OPEN
    partitions: set[MemoryPartition] = field(default_factory=set)

    def end(self, state: TransactionState) -> None:
        """Commits or aborts it; its mark takes an offset in each partition."""
        self.state = state
        for partition in self.partitions:
            partition.end += 1


class MemoryRecord(NamedTuple):
    """A `LogRecord`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(eq=False)
class MemoryPartition:
    """One partition. `end`: the next offset, marks of transactions counted."""

    place: Place
    first: int = 0
    end: int = 0
    _entries: list[tuple[MemoryRecord, MemoryTransaction]] = field(default_factory=list)

    def append(self, record: OutgoingRecord, transaction: MemoryTransaction, time_ms: int) -> None:
        """Writes one record, of an open transaction."""
        transaction.partitions.add(self)
        made = MemoryRecord(
            *self.place, self.end, time_ms, record.key, record.value, record.headers
        )
        self._entries.append((made, transaction))
        self.end += 1

    def bounds(self) -> Bounds:
        """First offset and last stable one: an open transaction ends what readers see."""
        opened = (one.offset for one, of in self._entries if of.state is TransactionState.OPEN)
        return Bounds(self.first, next(opened, self.end))

    def committed(self, offset: int) -> list[MemoryRecord]:
        """What readers see from `offset` on."""
        end = self.bounds().end
        return [
            one
            for one, of in self._entries
            if offset <= one.offset < end and of.state is TransactionState.COMMITTED
        ]

    def compact(self) -> None:
        """Leaves the newest record of each key, without tombstones, as Kafka's cleaner does in the end. Offsets stay."""
        end = self.bounds().end
        newest = {one.key: one for one in self.committed(0)}
        latest = {one.offset for one in newest.values() if one.value is not None}
        self._keep(
            (one, of) for one, of in self._entries if one.offset >= end or one.offset in latest
        )

    def forget(self, offset: int) -> None:
        """Removes what lies before `offset`, as retention does."""
        self.first = offset
        self._keep((one, of) for one, of in self._entries if one.offset >= offset)

    def _keep(self, entries: Iterable[tuple[MemoryRecord, MemoryTransaction]]) -> None:
        self._entries = list(entries)

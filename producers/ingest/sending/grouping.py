"""Groups what arrives within some milliseconds by partition.

One record of many lines costs the streams far less than many records of one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from chassis.kafka.interface import OutgoingRecord
from contracts.events.lines import pack
from contracts.events.partition import partition_of
from contracts.receipts import RecordPlace
from contracts.results.topics import DEAD_LETTERS, MAX_RECORD_BYTES, TABLE_HEADER
from producers.ingest.judging.refused_letters import TABLE
from producers.ingest.sending.link import KafkaUnavailableError

_LETTER_HEADERS: Final = ((TABLE_HEADER, TABLE.encode()),)


class Outlet(Protocol):
    """What the batcher needs of `KafkaLink`."""

    def partitions(self, topic: str) -> int:
        """Partition count of an event topic."""

    async def write(self, records: Sequence[OutgoingRecord]) -> list[RecordPlace]:
        """Their places, once all are acknowledged; raises `KafkaUnavailableError`."""


@dataclass(slots=True)
class _Group:
    """Lines of one partition that go out together, with the unit of each."""

    written: asyncio.Future[RecordPlace]
    lines: list[bytes] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    size: int = 0


class Batcher:
    """Writes lines to event topics, and letters to `dead.letters`.

    `group_ms`: between two times that the groups of all partitions go out. What comes after a pause goes at once.
    """

    def __init__(self, outlet: Outlet, group_ms: int) -> None:
        self._outlet = outlet
        self._group_s = group_ms / 1000
        self._groups: dict[tuple[str, int], _Group] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = -math.inf
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, topic: str, unit_id: str, lines: Sequence[bytes]) -> asyncio.Future[RecordPlace]:
        """Put `lines` of one unit, in order, into its partition's next group.

        The future, which others wait for too (shield it), gives the last record of the group
        once the broker has acknowledged all of it, or fails with `KafkaUnavailableError`.
        Raises that if there is no link.
        """
        partition = partition_of(unit_id, self._outlet.partitions(topic))
        group = self._groups.get((topic, partition))
        loop = asyncio.get_running_loop()
        if group is None:
            group = self._groups[topic, partition] = _Group(loop.create_future())
        if self._timer is None:
            self._timer = loop.call_at(
                max(loop.time(), self._sent_at + self._group_s), self._send_all
            )
        group.lines.extend(lines)
        group.units.extend([unit_id] * len(lines))
        group.size += sum(map(len, lines)) + len(lines)
        if group.size >= MAX_RECORD_BYTES:
            self._send(topic, partition)
        return group.written

    async def write_letters(self, unit_id: str, letters: Sequence[bytes]) -> RecordPlace:
        """Write a device's dead letters, at least one; the last record. Raises `KafkaUnavailableError`."""
        key = unit_id.encode()
        places = await self._outlet.write(
            [
                OutgoingRecord(DEAD_LETTERS, value, key=key, headers=_LETTER_HEADERS)
                for value in pack(letters)
            ]
        )
        return places[-1]

    async def drain(self) -> None:
        """Send what waits, and wait until all of it is written or has failed."""
        self._send_all()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _send_all(self) -> None:
        """All partitions together: the library packs what it is given at once into one request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sent_at = asyncio.get_running_loop().time()
        for topic, partition in list(self._groups):
            self._send(topic, partition)

    def _send(self, topic: str, partition: int) -> None:
        group = self._groups.pop((topic, partition))
        task = asyncio.get_running_loop().create_task(self._write(topic, partition, group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, topic: str, partition: int, group: _Group) -> None:
        try:
            places = await self._outlet.write(list(_records(topic, partition, group)))
        except KafkaUnavailableError as error:
            group.written.set_exception(error)
            # Nobody may be left to ask for it: then it is no news either.
            group.written.exception()
        else:
            group.written.set_result(places[-1])


def _records(topic: str, partition: int, group: _Group) -> Iterator[OutgoingRecord]:
    at = 0
    for value in pack(group.lines):
        count = value.count(b"\n") + 1
        key = group.units[at].encode() if count == 1 else None
        yield OutgoingRecord(topic, value, key, partition)
        at += count

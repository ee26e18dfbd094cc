"""Where logs end, asked in a thread of its own: a service that stands still, or whose broker is away, must not be the one to say so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.protocol.consumer import IsolationLevel

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import BROKER_ERRORS

Offsets = dict[tuple[str, int], int]
"""(topic, partition) -> offset."""


class Ends(NamedTuple):
    """`log`: behind the newest record. `committed`: where what a reader of committed records gets ends.

    That is less while a transaction is open.
    """

    log: Offsets
    committed: Offsets


@dataclass(frozen=True, slots=True)
class EndsPolicy:
    """Seconds: between questions, between tries, for one answer, until a silent broker, or a transaction that stays open, is trouble."""

    every_s: float = 8.0
    again_s: float = 4.0
    answer_s: float = 5.0
    silent_s: float = 15.0
    open_s: float = 20.0
    """Longer than a flush of our own takes."""


def read_ends(admin: KafkaAdminClient, places: Sequence[tuple[str, int]]) -> Ends:
    """Both ends of each partition. Raises `BROKER_ERRORS`."""
    asked = {TopicPartition(*place): OffsetSpec.LATEST for place in places}
    # The committed ends first: what is appended in between is no open transaction.
    committed = admin.list_partition_offsets(asked, IsolationLevel.READ_COMMITTED)
    log = admin.list_partition_offsets(asked, IsolationLevel.READ_UNCOMMITTED)
    return Ends(
        {(at.topic, at.partition): found.offset for at, found in sorted(log.items())},
        {(at.topic, at.partition): found.offset for at, found in sorted(committed.items())},
    )


class LogEnds:
    """The ends of `places`, as last heard of."""

    def __init__(
        self,
        cluster: Cluster,
        places: Sequence[tuple[str, int]],
        policy: EndsPolicy = EndsPolicy(),
    ) -> None:
        self._cluster = cluster
        self._places = places
        self._policy = policy
        self._stop = threading.Event()
        self._ends = Ends({}, {})
        self._heard_at: float | None = None
        self._open_since: dict[tuple[str, int], tuple[int, float]] = {}

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Ask again and again while the block runs."""
        thread = threading.Thread(target=self._follow, name="log-ends", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()

    def lag(self, topic: str, partition: int, position: int | None) -> float:
        """Records from `position` to the log's end; NaN while one of both is not known."""
        end = self._ends.log.get((topic, partition))
        return float("nan") if end is None or position is None else max(0, end - position)

    def committed(self, topic: str, partition: int) -> int | None:
        """Where what a reader of committed records gets ended when it was last heard of; None if it never was. From any thread."""
        return self._ends.committed.get((topic, partition))

    def trouble(self) -> str | None:
        """Why the ends are not known, or which partition cannot be read to its end, for `Health.check`."""
        if self._heard_at is None:
            return f"Kafka at {self._cluster} has not answered yet"
        now = time.monotonic()
        if now - self._heard_at > self._policy.silent_s:
            return f"Kafka at {self._cluster} has not answered for {now - self._heard_at:.0f} s"
        waiting = [
            f"{topic}/{partition} waits at offset {offset} for an open transaction, for {now - since:.0f} s"
            for (topic, partition), (offset, since) in list(self._open_since.items())
            if now - since > self._policy.open_s
        ]
        return "; ".join(waiting) or None

    def note(self, ends: Ends) -> None:
        """Take what the broker answered."""
        now = time.monotonic()
        before = self._open_since
        self._open_since = {
            place: before[place] if before.get(place, (-1, 0))[0] == offset else (offset, now)
            for place, offset in ends.committed.items()
            if offset < ends.log[place]
        }
        self._ends, self._heard_at = ends, now

    def _follow(self) -> None:
        answer_ms = round(self._policy.answer_s * 1000)
        while not self._stop.is_set():
            try:
                with clients.blocking_admin(self._cluster, answer_ms) as admin:
                    while not self._stop.wait(0):
                        self.note(read_ends(admin, self._places))
                        self._stop.wait(self._policy.every_s)
            except BROKER_ERRORS:
                self._stop.wait(self._policy.again_s)

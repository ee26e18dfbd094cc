"""From Kafka to the writer: gather a batch, write it, commit. What was not comes again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from chassis import logs
from contracts.clock import real_now_ms
from sinks.batch import Batch, Record
from sinks.metrics import ERRORS, LAG, LAST_WRITE, WRITE_SECONDS, Readiness
from sinks.writer import StoreUnavailableError, Writer

GROUP: Final = "pantau-sink"
"""Prefix of the readers' groups, one a reader: members of one group must read the same topics, or its
leader knows nothing of the others' partitions and gives them to nobody."""
GATHER_S: Final = 0.25
"""Seconds from a batch's first record until it is written; sooner when it is large."""
MAX_ROWS: Final = 10_000
MAX_BYTES: Final = 8 * 1024 * 1024
_POLL_MS: Final = 200
_POLL_RECORDS: Final = 100
_BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_LAG_EVERY_S: Final = 1.0

_log = logs.get("sinks.reader")

Land = Callable[[Record, Batch], None]


def open_consumer(bootstrap: str, topics: Sequence[str], reader: str) -> KafkaConsumer:
    """A consumer of `reader`'s group: reads what is committed; commits when told to."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        client_id=f"sinks-{reader}",
        group_id=f"{GROUP}-{reader}",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
        # An insert may take minutes before it is given up; the partitions stay ours meanwhile.
        max_poll_interval_ms=900_000,
        fetch_max_wait_ms=_POLL_MS,
        max_poll_records=_POLL_RECORDS,
    )
    consumer.subscribe(topics=list(topics))
    return consumer


class Reader:
    """One thread's work: records of its topics, in order of their partitions, into ClickHouse.

    `land`: what to do with a record, by topic.
    """

    def __init__(
        self,
        name: str,
        consumer: Any,
        land: Mapping[str, Land],
        writer: Writer,
        readiness: Readiness,
        stop: threading.Event,
    ) -> None:
        self.name = name
        self._consumer = consumer
        self._land = land
        self._writer = writer
        self._readiness = readiness
        self._stop = stop
        self._failures = 0
        self._lag_due = 0.0

    def run(self) -> None:
        """Work until told to stop; the batch in hand is finished and committed first."""
        try:
            while not self._stop.is_set():
                self.step()
        finally:
            self._consumer.close(autocommit=False)

    def step(self) -> None:
        """Gather one batch, write and commit it; if the store is away, go back to its start."""
        batch = self._gather()
        if batch.spans:
            try:
                with WRITE_SECONDS.labels(self.name).time():
                    self._writer.write(batch)
            except StoreUnavailableError as error:
                self._go_back(batch, error)
                return
            self._commit(batch)
            self._failures = 0
            LAST_WRITE.labels(self.name).set(real_now_ms() / 1000)
        if self._consumer.assignment():
            if not self._failures:
                self._readiness.fine(self.name)
            self._measure_lag()

    def _gather(self) -> Batch:
        batch = Batch()
        deadline: float | None = None
        while not self._stop.is_set() and batch.count < MAX_ROWS and batch.size < MAX_BYTES:
            wait_ms = _POLL_MS
            if deadline is not None:
                wait_ms = round((deadline - time.monotonic()) * 1000)
                if wait_ms <= 0:
                    break
            for records in self._consumer.poll(timeout_ms=wait_ms).values():
                for record in records:
                    batch.read(record)
                    self._land[record.topic](record, batch)
            if not batch.spans:
                break
            if deadline is None:
                deadline = time.monotonic() + GATHER_S
        return batch

    def _commit(self, batch: Batch) -> None:
        held = self._consumer.assignment()
        offsets = {
            TopicPartition(topic, partition): OffsetAndMetadata(last + 1, "", -1)
            for (topic, partition), (_first, last) in batch.spans.items()
            if TopicPartition(topic, partition) in held
        }
        try:
            if offsets:
                self._consumer.commit(offsets)
        except CommitFailedError as error:
            # Partitions went to another member: it writes the same rows again, to no effect.
            _log.warning("not committed", reader=self.name, reason=str(error))
        except KafkaError as error:
            # Nor does it harm if the broker is away: the next batch's commit covers this one.
            ERRORS.labels(self.name).inc()
            _log.warning(
                "not committed", reader=self.name, reason=str(error) or type(error).__name__
            )

    def _go_back(self, batch: Batch, error: StoreUnavailableError) -> None:
        ERRORS.labels(self.name).inc()
        wait_s = _BACKOFF_S[min(self._failures, len(_BACKOFF_S) - 1)]
        self._failures += 1
        self._readiness.trouble(self.name, str(error))
        _log.error("ClickHouse takes no rows", reader=self.name, reason=str(error), retry_s=wait_s)
        held = self._consumer.assignment()
        for (topic, partition), (first, _last) in batch.spans.items():
            at = TopicPartition(topic, partition)
            if at in held:
                self._consumer.seek(at, first)
        self._stop.wait(wait_s)

    def _measure_lag(self) -> None:
        now = time.monotonic()
        if now < self._lag_due:
            return
        self._lag_due = now + _LAG_EVERY_S
        for at in self._consumer.assignment():
            end = self._consumer.highwater(at)
            if end is not None:
                position = self._consumer.position(at, timeout_ms=_POLL_MS)
                LAG.labels(at.topic, str(at.partition)).set(max(0, end - (position or 0)))

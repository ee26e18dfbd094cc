"""From Kafka to the writer: gather a batch, write it, commit. What was not comes again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from chassis import logs
from chassis.kafka import clients
from chassis.kafka.blocking.paced_consumer import BUSY_WAIT_MS
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import ConsumedRecord
from contracts.results.topics import Topic
from contracts.time.clock import real_now_ms
from sinks.batch import TableBatch
from sinks.sink_metrics import EMPTY, ERRORS, LAST_WRITE, WAITING, WRITE_SECONDS, Readiness
from sinks.writer import StoreUnavailableError, Writer

GROUP: Final = "pantau-sink"
"""Where offsets are committed. Partitions are not shared out by the group: one process reads them all,
goes on at once after a kill, and no rebalance can leave a partition to nobody. A second process by
mistake writes the same rows again, to no effect."""
GATHER_S: Final = 0.3
"""Least seconds from the first record that is read of a batch until it is written; fewer when the batch is large."""
BEHIND_S: Final = 1.2
"""Batches are written so long after the moments at which the streams write their rows: all partitions' rows are there by then."""
MAX_ROWS: Final = 30_000
MAX_BYTES: Final = 24 * 1024 * 1024
_POLL_RECORDS: Final = 100
_BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_PATIENT_TRIES: Final = 4
"""Some 9 s: what has not passed by then may be the fault of one row."""
_ANSWER_MS: Final = 5_000
_POSITIONS_EVERY_S: Final = 1.0
_UNDER_WAY_S: Final = 60.0
"""A batch that is under way for longer is trouble, though nothing has failed."""

_log = logs.get("sinks.reader")

Land = Callable[[ConsumedRecord, TableBatch], None]


def open_consumer(cluster: Cluster, topics: Sequence[Topic], reader: str) -> KafkaConsumer:
    """A consumer of all partitions of `topics`: reads what is committed; commits when asked to."""
    consumer = clients.paced_consumer(
        cluster,
        client_id=f"sinks-{reader}",
        group_id=GROUP,
        max_poll_records=_POLL_RECORDS,
    )
    consumer.assign(
        [
            TopicPartition(topic.name, number)
            for topic in topics
            for number in range(topic.partitions)
        ]
    )
    return consumer


def positions_of(consumer: KafkaConsumer) -> list[tuple[TopicPartition, int]]:
    """Where it goes on, of each partition: what lies before is in ClickHouse. Raises `KafkaError`."""
    return [(at, consumer.position(at, timeout_ms=_ANSWER_MS) or 0) for at in consumer.assignment()]


class Reader:
    """One thread's work: records of its topics, in order of their partitions, into ClickHouse.

    `land`: what to do with a record, by topic; `written` is called with each batch that is in. `step_s`: a batch is written in
    each step of the real clock at most, unless it is large: each is an insert into every table, and parts that ClickHouse merges.
    """

    def __init__(
        self,
        name: str,
        consumer: Any,
        land: Mapping[str, Land],
        writer: Writer,
        written: Callable[[TableBatch], None],
        readiness: Readiness,
        stop: threading.Event,
        step_s: float,
    ) -> None:
        self.name = name
        self._consumer = consumer
        self.land = land
        self._writer = writer
        self._written = written
        self._readiness = readiness
        self._stop = stop
        self._step_s = step_s
        self._failures = 0
        self._waits_since: float | None = None
        self._stepped_at = time.monotonic()
        self._positions_due = 0.0
        self._wrote_in: int | None = None
        self.positions: dict[tuple[str, int], int] = {}
        """(topic, partition) -> everything below it is in ClickHouse."""
        WAITING.labels(name).set_function(self._waiting_s)

    def run(self) -> None:
        """Work until `stop` is set; the batch in hand is finished and committed first."""
        try:
            while not self._stop.is_set():
                self.step()
        finally:
            self._consumer.close(autocommit=False)

    def step(self) -> None:
        """Gather one batch, write and commit it; if the store is away, go back to its start."""
        self._stepped_at = time.monotonic()
        batch = self._gather()
        if batch.spans:
            try:
                with WRITE_SECONDS.labels(self.name).time():
                    self._writer.write(batch, is_patient=self._failures < _PATIENT_TRIES)
            except StoreUnavailableError as error:
                self._go_back(batch, error)
                return
            self._wrote_in = self._step()[0]
            self._commit(batch)
            self._written(batch)
            self._takes_rows()
            self._positions_due = 0.0
            LAST_WRITE.labels(self.name).set(real_now_ms() / 1000)
        # Between two tries of a batch a store that is away is still away.
        if not self._failures and time.monotonic() >= self._positions_due:
            self._note_positions()

    def _gather(self) -> TableBatch:
        batch = TableBatch()
        deadline: float | None = None
        while not self._stop.is_set() and batch.count < MAX_ROWS and batch.size < MAX_BYTES:
            wait_ms = BUSY_WAIT_MS
            if deadline is not None:
                # Not all of it at once: who is to stop must come to know.
                wait_ms = min(wait_ms, round((deadline - time.monotonic()) * 1000))
                if wait_ms <= 0:
                    break
            for records in self._consumer.poll(timeout_ms=wait_ms).values():
                for record in records:
                    batch.read(record)
                    if not record.value:
                        EMPTY.labels(record.topic).inc()
                    self.land[record.topic](record, batch)
            if not batch.spans:
                break
            if deadline is None:
                deadline = time.monotonic() + self._gather_s()
        return batch

    def _gather_s(self) -> float:
        """Seconds for which a batch is gathered that begins now."""
        step, left_s = self._step()
        return max(GATHER_S, left_s) if step == self._wrote_in else GATHER_S

    def _step(self) -> tuple[int, float]:
        """The step that it is now, and the seconds until the next."""
        into = real_now_ms() / 1000 - BEHIND_S
        if not self._step_s:
            return round(into * 1000), 0.0
        step = int(into // self._step_s)
        return step, (step + 1) * self._step_s - into

    def _commit(self, batch: TableBatch) -> None:
        offsets = {
            TopicPartition(topic, partition): OffsetAndMetadata(last + 1, "", -1)
            for (topic, partition), (_first, last) in batch.spans.items()
        }
        try:
            self._consumer.commit(offsets)
        except KafkaError as error:
            # It does no harm: the next batch's commit covers this one, or it is written again.
            ERRORS.labels(self.name).inc()
            _log.warning(
                "not committed", reader=self.name, reason=str(error) or type(error).__name__
            )

    def _go_back(self, batch: TableBatch, error: StoreUnavailableError) -> None:
        """Nothing of the batch is committed: it is read again, after a while, until it is in."""
        ERRORS.labels(self.name).inc()
        wait_s = _BACKOFF_S[min(self._failures, len(_BACKOFF_S) - 1)]
        self._failures += 1
        if self._waits_since is None:
            self._waits_since = time.monotonic()
        self._readiness.trouble(self.name, str(error))
        _log.error(
            "ClickHouse takes no rows",
            reader=self.name,
            waits_for=error.waits_for,
            waited_s=round(self._waiting_s()),
            reason=str(error),
            retry_s=wait_s,
        )
        for (topic, partition), (first, _last) in batch.spans.items():
            self._consumer.seek(TopicPartition(topic, partition), first)
        self._stop.wait(wait_s)

    def _takes_rows(self) -> None:
        if self._waits_since is not None:
            _log.warning(
                "ClickHouse takes rows again",
                reader=self.name,
                waited_s=round(self._waiting_s()),
            )
        self._failures = 0
        self._waits_since = None

    def _waiting_s(self) -> float:
        """Seconds since the first try of the batch in hand that failed; 0 if none did."""
        since = self._waits_since
        return 0.0 if since is None else time.monotonic() - since

    def _note_positions(self) -> None:
        """The consumer's: they pass the marks of transactions, which no record shows."""
        try:
            for at in self._consumer.assignment():
                position = self._consumer.position(at, timeout_ms=_ANSWER_MS)
                if position is None:
                    return
                self.positions[at.topic, at.partition] = position
        except KafkaError as error:
            self._readiness.trouble(self.name, f"Kafka does not answer ({type(error).__name__})")
        else:
            self._readiness.fine(self.name)
        self._positions_due = time.monotonic() + _POSITIONS_EVERY_S

    def trouble(self) -> str | None:
        """Why this thread does not go on though nothing has failed, for `Health.check`."""
        under_way_s = time.monotonic() - self._stepped_at
        if under_way_s <= _UNDER_WAY_S:
            return None
        return f"{self.name}: one batch has been under way for {under_way_s:.0f} s"

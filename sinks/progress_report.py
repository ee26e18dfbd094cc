"""What a reader of the sink reports on topic `progress`: how far its rows are in ClickHouse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from chassis import logs
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import BROKER_ERRORS, Place
from contracts.results.reached import LANDED, SINKS_KEY, Reached, encode_progress
from contracts.results.table_rows import PositionRow
from contracts.results.topics import PROGRESS, topic_of
from contracts.time.instant import epoch_ms
from sinks.batch import TableBatch
from sinks.sink_metrics import ERRORS
from storage.generation_tables import in_generation
from storage.schema import STORE

_BLOCK_MS: Final = 2_000
_STORED: Final = f"""SELECT stream, topic, partition, position, toUnixTimestamp64Milli(time)
FROM {STORE}.positions FINAL"""

_log = logs.get("sinks.progress")
_decode_row: Final = msgspec.json.Decoder(PositionRow).decode


def stored_positions(client: Client, generation: int) -> list[Reached]:
    """What ClickHouse itself holds of the stages' positions: after a restore it may be less than was once reported."""
    rows = client.query(in_generation(_STORED, generation)).result_rows
    return [Reached(*row) for row in rows]


class ProgressReport:
    """Of one reader. Not for two threads at once.

    `stored`: positions of the stages that are in ClickHouse already; `landed`: of each partition that the reader reads, the
    offset before which everything is.
    """

    def __init__(
        self,
        cluster: Cluster,
        reader: str,
        generation: int,
        stored: Iterable[Reached],
        landed: Iterable[tuple[Place, int]],
    ) -> None:
        self._reader = reader
        self._topic = topic_of(PROGRESS, generation)
        self._reached: dict[tuple[str, str, int], Reached] = {}
        for one in stored:
            self._note(one)
        for place, position in landed:
            self._note(Reached(LANDED, place.topic, place.partition, position))
        self._producer = clients.blocking_producer(
            cluster,
            client_id=f"sinks-{reader}-progress",
            max_block_ms=_BLOCK_MS,
        )
        self._send()

    def written(self, batch: TableBatch) -> None:
        """All of the batch is in ClickHouse."""
        for row in batch.rows.get("positions", ()):
            try:
                at = _decode_row(row.body)
            except msgspec.DecodeError:
                continue  # ClickHouse has refused it too: it is among the rejects
            self._note(Reached(at.stream, at.topic, at.partition, at.position, epoch_ms(at.time)))
        for (topic, partition), (_first, last) in batch.spans.items():
            self._note(Reached(LANDED, topic, partition, last + 1))
        self._send()

    def close(self) -> None:
        """Ends it; what was reported stands."""
        self._producer.close(timeout=_BLOCK_MS / 1000)

    def _note(self, one: Reached) -> None:
        self._reached[one.stream, one.topic, one.partition] = one

    def _send(self) -> None:
        """Without waiting: what is lost, the next report holds again."""
        try:
            self._producer.send(
                self._topic,
                encode_progress([*self._reached.values()]),
                key=(SINKS_KEY + self._reader).encode(),
            )
        except BROKER_ERRORS as error:
            ERRORS.labels(self._reader).inc()
            _log.warning("progress not reported", reason=str(error) or type(error).__name__)

"""The job on Bytewax, recovery on.

    KafkaSource -> facts, grouped by kitchen for each batch -> stateful by kitchen: seen ids, panes -> KafkaSink

Recovery stores what `snapshot` returns for each kitchen that woke in an epoch; an epoch is as long as our
flush. Ids and digests are stored as one run of bytes beside the index, so that a snapshot is a copy of memory.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from confluent_kafka import OFFSET_BEGINNING  # type: ignore[import-not-found]

from bench.peers.job import GC_THRESHOLDS, Job, Order, PeerFact, is_control
from bench.peers.peer_windows import Kitchen, Spans, packed
from contracts.time.clock import real_now_ms

_ID_AND_DIGEST = 36 + 12

Stored = tuple[bytes, bytes]
"""(ids and digests one after the other, what `Kitchen.encode` made)"""


class KitchenLogic(StatefulBatchLogic):  # type: ignore[misc]
    """One kitchen: what it has seen, and its windows."""

    def __init__(self, job: Job, spans: Spans, flush_s: float, stored: Stored | None) -> None:
        self._job, self._spans = job, spans
        self._flush_ms = int(flush_s * 1000)
        self._log = bytearray(stored[0] if stored else b"")
        self._kitchen = Kitchen.decode(stored[1]) if stored else None
        self._seen = {
            bytes(self._log[at : at + 36]): bytes(self._log[at + 36 : at + _ID_AND_DIGEST])
            for at in range(0, len(self._log), _ID_AND_DIGEST)
        }
        self._due: datetime | None = None
        self._set_due()

    def on_batch(self, values: list[list[PeerFact]]) -> tuple[Iterable[bytes], bool]:
        """Facts of one kitchen."""
        seen, kitchen = self._seen, self._kitchen
        if kitchen is None:
            kitchen = self._kitchen = Kitchen(values[0][0].unit)
        for facts in values:
            for fact in facts:
                key = fact.id.encode()
                if key in seen:
                    continue
                seen[key] = fact.digest
                self._log += key
                self._log += fact.digest
                kitchen.put(fact)
        self._set_due()
        return (), False

    def _set_due(self) -> None:
        if self._due is None and self._kitchen is not None and self._kitchen.is_dirty:
            due_ms = real_now_ms() + self._flush_ms
            self._due = datetime.fromtimestamp(due_ms / 1000, UTC)

    def notify_at(self) -> datetime | None:
        """When the next rows are due."""
        return self._due

    def on_notify(self) -> tuple[Iterable[bytes], bool]:
        """The rows that changed."""
        self._due = None
        assert self._kitchen is not None, "rows are due of a kitchen that was heard"
        return list(self._kitchen.rows(self._job, self._spans)), False

    def snapshot(self) -> Stored:
        """What recovery keeps."""
        assert self._kitchen is not None, "a kitchen that was not heard is not woken"
        return bytes(self._log), self._kitchen.encode()


def flow(order: Order) -> Dataflow:
    """The dataflow."""
    job = Job(order.registry)
    spans = Spans(job.zone)

    def facts(messages: list[Any]) -> Iterable[tuple[str, list[PeerFact]]]:
        by_unit: dict[str, list[PeerFact]] = {}
        for message in messages:
            if is_control(message.headers):
                continue
            for fact in job.facts(message.value, message.timestamp[1]):
                group = by_unit.get(fact.unit)
                if group is None:
                    by_unit[fact.unit] = [fact]
                else:
                    group.append(fact)
        return by_unit.items()

    def record(rows: list[tuple[str, bytes]]) -> list[Any]:
        values = packed(row for _, row in rows)
        return [KafkaSinkMessage(key=None, value=value) for value in values]

    made = Dataflow("peer")
    source = KafkaSource(
        [order.broker], [order.topic], starting_offset=OFFSET_BEGINNING, batch_size=order.batch
    )
    read = op.input("read", made, source)
    by_unit = op.flat_map_batch("facts", read, facts)
    rows = op.stateful_batch(
        "fold", by_unit, lambda stored: KitchenLogic(job, spans, order.flush_s, stored)
    )
    records = op.flat_map_batch("record", rows, record)
    op.output("rows", records, KafkaSink([order.broker], order.out))
    return made


def main() -> None:
    """Runs until it is ended."""
    gc.set_threshold(*GC_THRESHOLDS)
    order = Order.read()
    store = order.home / "bytewax"
    store.mkdir()
    init_db_dir(store, 1)
    cli_main(
        flow(order),
        epoch_interval=timedelta(seconds=order.flush_s),
        recovery_config=RecoveryConfig(store),
    )


if __name__ == "__main__":
    main()

"""The job on Bytewax, recovery on.

    KafkaSource -> facts, grouped by kitchen for a whole batch -> stateful by kitchen: seen ids, panes -> KafkaSink

Recovery stores what `snapshot` returns for each kitchen that woke in an epoch; an epoch is as long as our
flush. Ids and digests are kept as one run of bytes beside the index, so that a snapshot is a copy of memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from confluent_kafka import OFFSET_BEGINNING  # type: ignore[import-not-found]

from bench.peers.job import Fact, Job, Order, add, encode_rows, is_control, zero
from contracts.clock import real_now_ms

_encode = msgspec.msgpack.Encoder().encode
_ID_AND_DIGEST = 36 + 12

Kept = tuple[bytes, bytes]
"""(ids and digests one after the other, msgpack of pane -> sums)"""


PaneRow = tuple[int, list[int]]


class Kitchen(StatefulBatchLogic):  # type: ignore[misc]
    """One kitchen: what it has seen, its panes, and which of them changed since the last row went out."""

    def __init__(self, flush_s: float, kept: Kept | None) -> None:
        self._flush_ms = int(flush_s * 1000)
        self._log = bytearray(kept[0] if kept else b"")
        self._panes = msgspec.msgpack.decode(kept[1], type=dict[int, list[int]]) if kept else {}
        self._seen = {
            bytes(self._log[at : at + 36]): bytes(self._log[at + 36 : at + _ID_AND_DIGEST])
            for at in range(0, len(self._log), _ID_AND_DIGEST)
        }
        self._dirty: set[int] = set()
        self._due: datetime | None = None

    def on_batch(self, values: list[list[Fact]]) -> tuple[Iterable[PaneRow], bool]:
        """Facts of one kitchen."""
        seen, panes = self._seen, self._panes
        for facts in values:
            for fact in facts:
                key = fact.id.encode()
                if key in seen:
                    continue
                seen[key] = fact.digest
                self._log += key
                self._log += fact.digest
                sums = panes.get(fact.pane)
                if sums is None:
                    sums = panes[fact.pane] = zero()
                add(sums, fact.adds)
                self._dirty.add(fact.pane)
        if self._due is None and self._dirty:
            due_ms = real_now_ms() + self._flush_ms
            self._due = datetime.fromtimestamp(due_ms / 1000, UTC)
        return (), False

    def notify_at(self) -> datetime | None:
        """When the next rows are due."""
        return self._due

    def on_notify(self) -> tuple[Iterable[PaneRow], bool]:
        """The rows that changed."""
        rows = [(pane, list(self._panes[pane])) for pane in self._dirty]
        self._dirty.clear()
        self._due = None
        return rows, False

    def snapshot(self) -> Kept:
        """What recovery keeps."""
        return bytes(self._log), _encode(self._panes)


def flow(order: Order) -> Dataflow:
    """The dataflow."""
    job = Job(order.registry)

    def facts(messages: list[Any]) -> Iterable[tuple[str, list[Fact]]]:
        by_unit: dict[str, list[Fact]] = {}
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

    def record(rows: list[tuple[str, PaneRow]]) -> list[Any]:
        values = encode_rows([(unit, pane, sums) for unit, (pane, sums) in rows])
        return [KafkaSinkMessage(key=None, value=values)]

    made = Dataflow("peer")
    source = KafkaSource(
        [order.broker], [order.topic], starting_offset=OFFSET_BEGINNING, batch_size=order.batch
    )
    read = op.input("read", made, source)
    by_unit = op.flat_map_batch("facts", read, facts)
    rows = op.stateful_batch("fold", by_unit, lambda kept: Kitchen(order.flush_s, kept))
    records = op.flat_map_batch("record", rows, record)
    op.output("rows", records, KafkaSink([order.broker], order.out))
    return made


def main() -> None:
    """Runs until it is ended."""
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

"""The job on Quix Streams, changelog topics on.

    topic -> apply(whole record, state) -> changed rows -> sink, flushed at each checkpoint

State holds a digest for each id and the sums of each pane (RocksDB, changelog); a checkpoint is as long as
our flush. Quix has no timer: a sink is what it calls at a checkpoint, so rows go out there, the newest of each.
"""

from __future__ import annotations

from typing import Any

import msgspec
from confluent_kafka import Producer  # type: ignore[import-not-found]
from quixstreams import Application, State
from quixstreams.models import Deserializer
from quixstreams.sinks.base.sink import BaseSink

from bench.peers.job import Job, Order, Row, add, encode_rows, is_control, zero

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode


class OneKey(Deserializer):  # type: ignore[misc]
    """All records under one key, so that a record of many kitchens is one call: state is by partition then."""

    def __call__(self, *_: Any, **__: Any) -> bytes:
        """The key."""
        return b"all"


class Rows(BaseSink):  # type: ignore[misc]
    """Keeps the newest row of each pane and sends them at the checkpoint."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._out = order.out
        self._producer = Producer({"bootstrap.servers": order.broker})
        self._rows: dict[tuple[str, int], Row] = {}

    def add(self, value: list[Row], **_: Any) -> None:
        """Rows of one record."""
        for row in value:
            self._rows[row[0], row[1]] = row

    def flush(self) -> None:
        """Called at each checkpoint."""
        if self._rows:
            self._producer.produce(self._out, encode_rows(list(self._rows.values())))
            self._rows.clear()
            self._producer.flush()


def main() -> None:
    """Runs until it is ended."""
    order = Order.read()
    job = Job(order.registry)
    app = Application(
        broker_address=order.broker,
        consumer_group=order.group,
        auto_offset_reset="earliest",
        commit_interval=order.flush_s,
        consumer_poll_timeout=order.flush_s,
        state_dir=order.home / "quix",
        use_changelog_topics=True,
        loglevel="WARNING",
    )

    def fold(value: bytes, _key: Any, timestamp: int, headers: Any, state: State) -> list[Row]:
        if is_control(headers):
            return []
        changed: dict[tuple[str, int], list[int]] = {}
        for fact in job.facts(value, timestamp):
            identity = fact.unit + fact.id
            if state.get_bytes(identity) is not None:
                continue
            state.set_bytes(identity, fact.digest)
            place = (fact.unit, fact.pane)
            sums = changed.get(place)
            if sums is None:
                kept = state.get_bytes(f"{fact.unit}/{fact.pane}")
                sums = changed[place] = zero() if kept is None else _decode(kept)
            add(sums, fact.adds)
        for (unit, pane), sums in changed.items():
            state.set_bytes(f"{unit}/{pane}", _encode(sums))
        return [(unit, pane, sums) for (unit, pane), sums in changed.items()]

    topic = app.topic(order.topic, key_deserializer=OneKey(), value_deserializer="bytes")
    rows = app.dataframe(topic).apply(fold, stateful=True, metadata=True)
    rows.sink(Rows(order))
    app.run()


if __name__ == "__main__":
    main()

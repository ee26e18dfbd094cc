"""The job on Quix Streams, changelog topics on.

    topic -> apply(record, state) -> kitchens that changed -> sink, which sends their rows at each checkpoint

State holds a digest for each id, each pane's sums, and the panes of each kitchen's days (RocksDB, changelog). What
windows need of a kitchen is in memory too, read from the state when a kitchen is first met after a start.
A checkpoint is as long as our flush. Quix has no timer: a sink is what it calls at a checkpoint, so rows go out there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import msgspec
from confluent_kafka import Producer  # type: ignore[import-not-found]
from quixstreams import Application, State
from quixstreams.models import Deserializer
from quixstreams.sinks.base.sink import BaseSink

from bench.peers.job import GC_THRESHOLDS, Job, Order, PeerFact, is_control
from bench.peers.peer_windows import Kitchen, PeerPart, Spans, packed

_encode = msgspec.msgpack.Encoder().encode
_decode_part = msgspec.msgpack.Decoder(PeerPart).decode
_decode_panes = msgspec.msgpack.Decoder(list[int]).decode
_REACH_DAYS = 61


class OneKey(Deserializer):  # type: ignore[misc]
    """All records under one key, so that a record of many kitchens is one call: state is by partition then."""

    def __call__(self, *_: Any, **__: Any) -> bytes:
        """The key."""
        return b"all"


class QuixRows(BaseSink):  # type: ignore[misc]
    """Sends the changed rows of the kitchens that changed at the checkpoint."""

    def __init__(self, order: Order, kitchens: QuixKitchens) -> None:
        super().__init__()
        self._out = order.out
        self._producer = Producer({"bootstrap.servers": order.broker})
        self._kitchens = kitchens
        self._changed: set[str] = set()

    def add(self, value: list[str], **_: Any) -> None:
        """Kitchens that a record changed."""
        self._changed.update(value)

    def flush(self) -> None:
        """Called at each checkpoint."""
        rows = [row for unit in self._changed for row in self._kitchens.rows(unit)]
        self._changed.clear()
        for value in packed(rows):
            self._producer.produce(self._out, value)
        self._producer.flush()


class QuixKitchens:
    """The fold, with what windows need in memory."""

    def __init__(self, job: Job) -> None:
        self._job, self._spans = job, Spans(job.zone)
        self._kitchens: dict[str, Kitchen] = {}

    def rows(self, unit: str) -> Iterator[bytes]:
        """Rows of a kitchen that changed."""
        return self._kitchens[unit].rows(self._job, self._spans)

    def fold(
        self, value: bytes, _key: Any, timestamp: int, headers: Any, state: State
    ) -> list[str]:
        """Folds a record; returns the kitchens that it changed."""
        if is_control(headers):
            return []
        changed: dict[tuple[str, int], PeerPart] = {}
        for fact in self._job.facts(value, timestamp):
            identity = fact.unit + fact.id
            if state.get_bytes(identity) is not None:
                continue
            state.set_bytes(identity, fact.digest)
            kitchen = self._kitchens.get(fact.unit) or self._load(fact.unit, state)
            is_new = fact.pane not in kitchen.panes
            kitchen.put(fact)
            changed[fact.unit, fact.pane] = kitchen.panes[fact.pane]
            if is_new:
                _note(state, fact)
        for (unit, pane), part in changed.items():
            state.set_bytes(f"{unit}/{pane}", _encode(part))
        return list({unit for unit, _ in changed})

    def _load(self, unit: str, state: State) -> Kitchen:
        today = self._job.zone.local_day(self._job.now_ms)
        panes: dict[int, PeerPart] = {}
        for day in range(today - _REACH_DAYS, today + 2):
            for pane in _decode_panes(state.get_bytes(f"{unit}#{day}") or _encode([])):
                panes[pane] = _decode_part(state.get_bytes(f"{unit}/{pane}"))
        kitchen = self._kitchens[unit] = Kitchen(unit, panes)
        return kitchen


def _note(state: State, fact: PeerFact) -> None:
    """Another pane of the kitchen's day."""
    key = f"{fact.unit}#{fact.day}"
    known = _decode_panes(state.get_bytes(key) or _encode([]))
    state.set_bytes(key, _encode([*known, fact.pane]))


def main() -> None:
    """Runs until it is ended."""
    gc.set_threshold(*GC_THRESHOLDS)
    order = Order.read()
    kitchens = QuixKitchens(Job(order.registry))
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

    topic = app.topic(order.topic, key_deserializer=OneKey(), value_deserializer="bytes")
    rows = app.dataframe(topic).apply(kitchens.fold, stateful=True, metadata=True)
    rows.sink(QuixRows(order, kitchens))
    app.run()


if __name__ == "__main__":
    main()

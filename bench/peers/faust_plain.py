"""The job on Faust as its tutorial teaches: an agent, a table, one table write an event, a timer that sends rows.

The one write is the fact itself, so that ids, sums and recovery need no second one; panes are summed in memory.
Keys and values are bytes, not Faust's JSON, and state lies in memory with a changelog: kinder than plain.
"""

from __future__ import annotations

import gc
from typing import Any

import faust
import msgspec

from bench.peers.job import GC_THRESHOLDS, Job, Order, PeerFact, is_control
from bench.peers.peer_windows import Kitchen, Spans, packed

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PeerFact).decode


class FaustKitchens:
    """What windows need, and which kitchens changed since rows were last sent."""

    def __init__(self, job: Job) -> None:
        self._job, self._spans = job, Spans(job.zone)
        self._kitchens: dict[str, Kitchen] = {}
        self._dirty: set[str] = set()

    def put(self, fact: PeerFact) -> None:
        """Adds an event."""
        kitchen = self._kitchens.get(fact.unit)
        if kitchen is None:
            kitchen = self._kitchens[fact.unit] = Kitchen(fact.unit)
        kitchen.put(fact)
        self._dirty.add(fact.unit)

    def clear(self) -> None:
        """Forgets all."""
        self._kitchens.clear()
        self._dirty.clear()

    def changed(self) -> list[bytes]:
        """Rows that changed."""
        changed = [self._kitchens[unit] for unit in self._dirty]
        rows = [row for kitchen in changed for row in kitchen.rows(self._job, self._spans)]
        self._dirty.clear()
        return rows


def build(order: Order) -> faust.App:
    """The app."""
    job = Job(order.registry)
    kitchens = FaustKitchens(job)
    app = faust.App(
        order.group,
        broker=f"kafka://{order.broker}",
        store="memory://",
        datadir=str(order.home / "faust"),
        web_enabled=False,
        topic_partitions=1,
        table_standby_replicas=0,
        broker_commit_interval=order.flush_s,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        consumer_auto_offset_reset="earliest",
    )
    raw: Any = faust.Schema(
        key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )
    table = app.Table("facts", schema=raw)
    topic = app.topic(order.topic, key_serializer="raw", value_serializer="raw")
    out = app.topic(order.out, key_serializer="raw", value_serializer="raw")

    async def fold(stream: Any) -> None:
        async for event in stream.events():
            if is_control(event.headers):
                continue
            for fact in job.facts(event.value, int(event.message.timestamp * 1000)):
                key = f"{fact.unit}/{fact.id}".encode()
                if table.get(key) is None:
                    table[key] = _encode(fact)
                    kitchens.put(fact)

    async def send() -> None:
        for value in packed(kitchens.changed()):
            await out.send(value=value)

    async def rebuild() -> None:
        kitchens.clear()
        for value in table.values():
            kitchens.put(_decode(value))

    app.agent(topic, name="fold")(fold)
    app.timer(order.flush_s)(send)
    table.on_recover(rebuild)
    return app


def main() -> None:
    """Runs until it is ended."""
    gc.set_threshold(*GC_THRESHOLDS)
    faust.Worker(build(Order.read()), quiet=True, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main()

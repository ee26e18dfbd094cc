"""The job on Faust as its tutorial teaches: an agent, a table, one table write an event, a timer that sends rows.

The one write is the fact itself, so that ids, sums and recovery need no second one; panes are summed in memory.
Keys and values are bytes, not Faust's JSON, and state lies in memory with a changelog: kinder than plain.
"""

from __future__ import annotations

from typing import Any

import faust
import msgspec

from bench.peers.job import Adds, Job, Order, add, encode_rows, is_control, zero

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[bytes, str, int, Adds]).decode


class Panes:
    """Sums by (unit, pane), and which of them changed since they were last asked for."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, int], list[int]] = {}
        self._dirty: set[tuple[str, int]] = set()

    def put(self, unit: str, pane: int, adds: Adds) -> None:
        """Adds an event."""
        sums = self._sums.get((unit, pane))
        if sums is None:
            sums = self._sums[unit, pane] = zero()
        add(sums, adds)
        self._dirty.add((unit, pane))

    def clear(self) -> None:
        """Forgets all."""
        self._sums.clear()
        self._dirty.clear()

    def changed(self) -> list[tuple[str, int, list[int]]]:
        """Rows that changed."""
        rows = [(unit, pane, self._sums[unit, pane]) for unit, pane in self._dirty]
        self._dirty.clear()
        return rows


def build(order: Order) -> faust.App:
    """The app."""
    job, panes = Job(order.registry), Panes()
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
                    table[key] = _encode((fact.digest, fact.unit, fact.pane, fact.adds))
                    panes.put(fact.unit, fact.pane, fact.adds)

    async def send() -> None:
        rows = panes.changed()
        if rows:
            await out.send(value=encode_rows(rows))

    async def rebuild() -> None:
        panes.clear()
        for value in table.values():
            panes.put(*_decode(value)[1:])

    app.agent(topic, name="fold")(fold)
    app.timer(order.flush_s)(send)
    table.on_recover(rebuild)
    return app


def main() -> None:
    """Runs until it is ended."""
    faust.Worker(build(Order.read()), quiet=True, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main()

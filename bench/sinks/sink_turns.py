"""The contestants, one after the other on one broker and one ClickHouse, and what each of them uses."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

import httpx
from kafka import TopicPartition

from bench.ground import Ground, cpu_s, end, until
from bench.pipeline.hops import HopReader
from bench.sinks import bare_pipe
from bench.sinks.folded_lines import InsertBlock, TableContent, compact
from bench.store_server import StoreServer
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaWriter
from contracts.events.lines import pack, split
from contracts.results.tables import TABLES
from contracts.results.topics import TABLE_TOPICS
from pantau.installation import ROOT
from sinks.reader import GROUP
from sinks.writer import INSERT_SETTINGS
from storage.schema import STORE
from streams.core.fold import Out

SETTLE_S: Final = 3.0
"""What is behind the last rows: commits, and merges that they began."""
_DONE_S: Final = 180.0
_PLACES: Final = [TopicPartition(topic, 0) for topic in TABLE_TOPICS]


class PartSeconds(NamedTuple):
    """CPU seconds, or those of each second."""

    client: float
    clickhouse: float

    def less(self, other: PartSeconds, times: float) -> PartSeconds:
        """Without so many times `other`."""
        return PartSeconds(
            self.client - other.client * times, self.clickhouse - other.clickhouse * times
        )


class Turn(NamedTuple):
    """What one turn of one contestant used for the lines; `inserts`, `rows`: as ClickHouse counts them."""

    used: PartSeconds
    inserts: int
    rows: int


async def write_records(broker: str, flushes: Iterable[Iterable[OutgoingRecord]]) -> None:
    """Each flush in a transaction, as the streams do it."""
    writer = KafkaWriter(Cluster(broker), "bench")
    await writer.open()
    for records in flushes:
        await writer.send(records)
    await writer.close()


def _named(flush: Sequence[Out]) -> list[OutgoingRecord]:
    return [OutgoingRecord(out.topic, out.value, out.key, 0, out.headers) for out in flush]


def compact_records(out: Out, topic: str) -> Iterable[OutgoingRecord]:
    """Its lines without names, for `topic`."""
    for value in pack([compact(line) for line in split(out.value or b"")]):
        yield OutgoingRecord(topic, value, out.key, 0, out.headers)


class SinkTurns:
    """Runs them with the lines of `flushes`. `expected`: what the tables hold after each turn."""

    def __init__(
        self,
        place: Ground,
        server: StoreServer,
        hops: HopReader,
        flushes: Sequence[Sequence[Out]],
        expected: dict[str, TableContent],
    ) -> None:
        self._place, self._server, self._hops = place, server, hops
        self._flushes, self._expected = flushes, expected
        self._client = server.client()
        self._sums: dict[str, int] = {}
        self._idle = PartSeconds(0.0, 0.0)

    def sink(self, idle_s: float) -> Turn:
        """The sink, ready and then stopped until all lines are written: when it goes on it is behind. Before that it idles for `idle_s`."""
        self._truncate()
        environment = self._place.worker_environment()
        # As in an installation.
        del environment["PANTAU_ROWS_STEP_S"]
        environment["PANTAU_CLICKHOUSE_URL"] = self._server.url
        process = self._place.start([sys.executable, "-m", "sinks"], environment, "sinks")
        try:
            until(lambda: self._is_ready(process.pid), _DONE_S, "the sink is not ready")
            time.sleep(SETTLE_S)
            before = self._seconds(process)
            time.sleep(idle_s)
            self._idle = PartSeconds(*(used / idle_s for used in self._since(before, process)))
            process.send_signal(signal.SIGSTOP)
            asyncio.run(write_records(self._place.broker, map(_named, self._flushes)))
            counted = self._hops.read().inserted
            start, before = time.monotonic(), self._seconds(process)
            process.send_signal(signal.SIGCONT)
            until(self._has_read_all, _DONE_S, "the sink does not come to the end")
            time.sleep(SETTLE_S)
            used = self._since(before, process)
            seconds = time.monotonic() - start
        finally:
            process.send_signal(signal.SIGCONT)
            end(process)
        return self._checked(used.less(self._idle, seconds), counted)

    def _seconds(self, process: subprocess.Popen[bytes]) -> PartSeconds:
        return PartSeconds(cpu_s(process.pid), cpu_s(self._server.process.pid))

    def _since(self, before: PartSeconds, process: subprocess.Popen[bytes]) -> PartSeconds:
        return self._seconds(process).less(before, 1.0)

    def _has_read_all(self) -> bool:
        consumer = clients.blocking_consumer(Cluster(self._place.broker), group_id=GROUP)
        ends = consumer.end_offsets(_PLACES)
        # The last of a partition is the mark of a transaction, which nobody commits.
        found = all((consumer.committed(at) or 0) >= ends[at] - 1 for at in _PLACES)
        consumer.close(autocommit=False)
        return found

    def _is_ready(self, pid: int) -> bool:
        facts = self._server.home.read_run("sinks")
        if facts is None or facts["pid"] != pid:
            return False
        try:
            return httpx.get(f"{facts['health']}/readyz").is_success
        except httpx.TransportError:
            return False

    def pipe(self, blocks: Sequence[InsertBlock], *, is_compact: bool) -> Turn:
        """The bytes of `blocks` and no more. After a turn of the sink, which says what ClickHouse uses when idle."""
        self._truncate()
        with tempfile.TemporaryDirectory(prefix="pantau-bench-") as folder:
            _write_files(Path(folder), blocks, is_compact)
            counted = self._hops.read().inserted
            start, before = time.monotonic(), cpu_s(self._server.process.pid)
            used_s = self._send(folder)
            time.sleep(SETTLE_S)
            engine_s = cpu_s(self._server.process.pid) - before
            idle_s = self._idle.clickhouse * (time.monotonic() - start)
            return self._checked(PartSeconds(used_s, engine_s - idle_s), counted)

    def _send(self, folder: str) -> float:
        command = [sys.executable, "-m", "bench.sinks.bare_pipe", self._server.url, folder]
        password = self._server.home.clickhouse_accounts()["writer"]
        environment = {"PIPE_USER": "writer", "PIPE_PASSWORD": password}
        sent = subprocess.run(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        return float(sent.stdout)

    def _truncate(self) -> None:
        for table in self._expected:
            self._client.command(f"TRUNCATE TABLE {STORE}.{table}")
        time.sleep(1)

    def _checked(self, used: PartSeconds, before: dict[str, int]) -> Turn:
        """The turn with its counts. Raises `RuntimeError` unless the tables hold what they must, the same as after the other turns."""
        after = self._hops.read().inserted
        for table, content in self._expected.items():
            version = TABLES[table].version or "0"
            sql = f"SELECT count(), max({version}), groupBitXor(cityHash64(*)) FROM {STORE}.{table} FINAL"
            rows, newest, hashed = self._client.query(sql).result_rows[0]
            if (rows, newest) != content or self._sums.setdefault(table, hashed) != hashed:
                raise RuntimeError(f"{table}: {rows} rows up to {newest} instead of {content}, or others than before")  # fmt: skip
        inserts, rows = (
            after[name] - before.get(name, 0) for name in ("InsertQuery", "InsertedRows")
        )
        return Turn(used, inserts, rows)


def _write_files(folder: Path, blocks: Sequence[InsertBlock], is_compact: bool) -> None:
    listed = []
    for number, (table, lines) in enumerate(blocks):
        into, form = f"{STORE}.{table}", "JSONEachRow"
        if is_compact:
            names = ", ".join(f"`{column.name}`" for column in TABLES[table].columns)
            into, form = f"{into} ({names})", "JSONCompactEachRow"
            lines = [compact(line) for line in lines]
        statement = {"query": f"INSERT INTO {into} FORMAT {form}"} | INSERT_SETTINGS
        (folder / str(number)).write_bytes(b"\n".join(lines))
        listed.append((urlencode(statement), str(number)))
    (folder / bare_pipe.LIST).write_text(json.dumps(listed), "utf-8")

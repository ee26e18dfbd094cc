"""The plain build of `bench/peers/plain` on a broker and an engine of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.ground import end, until
from bench.peers.plain.plain_settings import AREAS, EVENTS, ROWS
from bench.pipeline.hops import HopReader
from bench.pipeline.request_sender import RequestSender
from chassis.datadir import DataDir
from chassis.kafka import clients
from contracts.registry.entities import RegionRegistry
from engines.kafka.broker import KafkaBroker, pick_port
from pantau.installation import ROOT
from storage.clickhouse_client import connect

_START_S: Final = 90.0
_DRAIN_S: Final = 240.0
_MODULES: Final = {
    "ingest": "plain_ingest",
    "streams": "plain_agent",
    "sinks": "plain_sink",
    "gateway": "plain_wall",
}
_COUNTED: Final = (
    "SELECT sum(n) FROM (SELECT argMax(events, version) AS n FROM plain.rows "
    "WHERE level = 'kabupaten' AND window = '1d' GROUP BY area_id, window_end)"
)


class PlainBuild:
    """Its running processes."""

    name = "plain build"

    def __init__(
        self,
        parts: Mapping[str, int],
        sender: RequestSender,
        hops: HopReader,
        url: str,
        home: DataDir,
    ) -> None:
        self.parts = dict(parts)
        self.sender = sender
        self.hops = hops
        self._client = connect(url, "writer", home.clickhouse_accounts()["writer"])

    def drain(self, events: int) -> None:
        """Waits until ClickHouse has `events` and the region's days add up to them."""
        until(
            lambda: self._has(events), _DRAIN_S, f"the plain build does not come to {events} events"
        )

    def _has(self, events: int) -> bool:
        return self.stored() >= events and self._one(_COUNTED) >= events

    def stored(self) -> int:
        """Events in ClickHouse, each once."""
        return self._one("SELECT uniqExact(id) FROM plain.events")

    def _one(self, question: str) -> int:
        time.sleep(0.25)
        return int(self._client.query(question).result_rows[0][0])


@contextmanager
def plain_build(registry: RegionRegistry) -> Iterator[PlainBuild]:
    """All of it on an empty folder."""
    with ExitStack() as stack:
        home = DataDir(
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pantau-plain-")))
        )
        home.create_key()
        home.create_clickhouse_accounts()
        kafka = KafkaBroker(home.kafka, pick_port())
        broker = stack.enter_context(kafka.running())
        admin = clients.blocking_admin(kafka.cluster)
        counts = {EVENTS: 2, AREAS: 1, ROWS: 1}
        admin.create_topics(
            {name: {"num_partitions": n, "replication_factor": 1} for name, n in counts.items()}
        )
        admin.close()
        tokens = {unit.unit_id: secrets.token_hex(16) for unit in registry.units}
        (home.path / "tokens.json").write_bytes(msgspec.json.encode(tokens))
        (home.path / "registry").write_bytes(registry.encode())
        ports = {name: pick_port() for name in ("clickhouse", "ingest", "wall")}
        processes = _start(stack, home, kafka.address, ports)
        url = f"http://127.0.0.1:{ports['clickhouse']}"
        hops = HopReader(
            kafka.cluster,
            home.kafka / "log",
            connect(url, "writer", home.clickhouse_accounts()["writer"]),
        )
        stack.callback(hops.close)
        address = f"http://127.0.0.1:{ports['ingest']}"
        parts = {"kafka": broker.pid} | {name: one.pid for name, one in processes.items()}
        yield PlainBuild(parts, RequestSender(address, tokens, plain=True), hops, url, home)


def _start(
    stack: ExitStack, home: DataDir, broker: str, ports: Mapping[str, int]
) -> dict[str, subprocess.Popen[bytes]]:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PLAIN_BROKER": broker,
        "PLAIN_HOME": str(home.path),
        "PLAIN_TOKENS": str(home.path / "tokens.json"),
        "PLAIN_REGISTRY": str(home.path / "registry"),
        "PLAIN_CLICKHOUSE_PORT": str(ports["clickhouse"]),
        "PLAIN_CLICKHOUSE_PASSWORD": home.clickhouse_accounts()["writer"],
        "PLAIN_INGEST_PORT": str(ports["ingest"]),
        "PLAIN_WALL_PORT": str(ports["wall"]),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def start(name: str, *argv: str) -> subprocess.Popen[bytes]:
        log = stack.enter_context((home.path / f"{name}.log").open("ab"))
        command = [sys.executable, "-m", *argv]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        stack.callback(end, process)
        return process

    engine = (
        "engines.clickhouse",
        "--data-dir",
        str(home.path),
        "--port",
        str(ports["clickhouse"]),
    )
    found = {"clickhouse": start("clickhouse", *engine)}
    until(partial(_answers, f"http://127.0.0.1:{ports['clickhouse']}/ping"), _START_S, "no engine")
    found |= {name: start(name, f"bench.peers.plain.{module}") for name, module in _MODULES.items()}
    until(
        partial(_answers, f"http://127.0.0.1:{ports['ingest']}/openapi.json"), _START_S, "no ingest"
    )
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.TransportError:
        return False

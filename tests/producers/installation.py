"""A real ingest process against a real broker, and reading back what it wrote."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.datadir import DataDir
from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from contracts.registry.entities import RegionRegistry
from contracts.results.topics import (
    REGISTRY,
    REGISTRY_CHANGE,
    control_headers,
    topics,
)
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import Claims, TokenKind, issue
from tests.examples import event

PARTITIONS: Final = 4
KEY: Final = bytes(range(32))
_START_S: Final = 120.0
HEADERS: Final = {"Content-Type": "application/x-ndjson"}


class Found(NamedTuple):
    """One record as it lies on Kafka."""

    partition: int
    key: bytes | None
    value: bytes
    headers: dict[str, bytes]


def token(unit_id: str, kind: TokenKind = "device", exp: int | None = None) -> str:
    return issue(KEY, Claims(kind, unit_id, f"test-{unit_id}", exp))


def bearer(unit_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(unit_id)}"}


def now(ahead_ms: int = 0) -> str:
    return rfc3339(real_now_ms() + ahead_ms)


def line(type_: str, id_: str, **overrides: Any) -> bytes:
    """A valid line of now."""
    made = event(type_, id=id_, **{"time": now(), **overrides})
    if type_ == "sppg.delivery.received" and "data" not in overrides:
        made["data"]["cooked_at"] = now(-3_600_000)
    return json.dumps(made, separators=(",", ":")).encode()


def temperature(id_: str, **overrides: Any) -> bytes:
    return line("sppg.temperature.measured", id_, **overrides)


async def _publish(bootstrap: str, regions: tuple[RegionRegistry, ...], key: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for region in regions:
            value = region.encode()
            await producer.send_and_wait(
                REGISTRY,
                value,
                key=region.region.code.encode(),
                headers=control_headers(key, REGISTRY_CHANGE, REGISTRY, 0, value),
            )
    finally:
        await producer.stop()


def publish(bootstrap: str, *regions: RegionRegistry, key: bytes = KEY) -> None:
    asyncio.run(_publish(bootstrap, regions, key))


def prepare(bootstrap: str) -> None:
    ensure_topics(Cluster(bootstrap), topics(PARTITIONS, 1), 1)


async def _read(bootstrap: str, topic: str) -> list[Found]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        count = len(consumer.partitions_for_topic(topic) or await _partitions(consumer, topic))
        places = [TopicPartition(topic, number) for number in range(count)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found = []
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [
                    Found(r.partition, r.key, r.value or b"", dict(r.headers)) for r in records
                ]
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer[Any, Any], topic: str) -> set[int]:
    consumer.subscribe([topic])
    await consumer._client.force_metadata_update()
    consumer.unsubscribe()
    return set(range(1 if topic.startswith("dead") else PARTITIONS))


def read(bootstrap: str, topic: str) -> list[Found]:
    """Every record of `topic`, partition by partition in order."""
    return asyncio.run(_read(bootstrap, topic))


def lines_with(found: list[Found], *ids: str) -> list[tuple[Found, dict[str, Any]]]:
    """Records and events of the lines with these ids, in the order of the log."""
    wanted = set(ids)
    pairs = [(one, json.loads(raw)) for one in found for raw in one.value.split(b"\n")]
    return [pair for pair in pairs if pair[1].get("id") in wanted]


class Running(NamedTuple):
    """A running ingest."""

    process: subprocess.Popen[bytes]
    url: str
    broker: str
    log: Path

    def post(self, body: bytes, unit_id: str, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            f"{self.url}/v1/events",
            content=body,
            headers={**HEADERS, **bearer(unit_id), **given},
            timeout=30,
        )

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait_ready(self, ready: bool = True, timeout_s: float = _START_S) -> None:
        deadline = time.monotonic() + timeout_s
        while self.ready() is not ready:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def ingest(broker: str, folder: Path, port: int = 0, **settings: str) -> Iterator[Running]:
    """Start ingest on a free port; it may not be ready yet. Ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "ingest.log"
    env = {
        **os.environ,
        "PANTAU_DATA_DIR": str(folder),
        "PANTAU_BROKER": broker,
        "PANTAU_SECRET_KEY": KEY.hex(),
        "PANTAU_INGEST_PORT": str(port),
        **{f"PANTAU_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "producers.ingest"], env=env, stderr=sink, stdout=sink
        )
    try:
        deadline = time.monotonic() + _START_S
        while (noted := DataDir(folder).read_run("ingest")) is None or noted["pid"] != process.pid:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield Running(process, noted["health"], broker, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)


def is_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] and problem["detail"]

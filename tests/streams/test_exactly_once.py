"""Workers that are killed, frozen and rebalanced leave the same rows as one that never was.

events, ticks --> real Kafka --> 2 workers (kill -9, SIGSTOP) --> unit.windows, area.windows, live
                       '-------> the same folds in this process, undisturbed --> the rows to expect
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.datadir import DataDir
from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from contracts.events.lines import pack
from contracts.events.partition import partition_of
from contracts.results.reached import area_stream, decode_progress
from contracts.results.topics import (
    AREA_WINDOWS,
    CONTROL_HEADER,
    EVENT_TOPICS,
    PROGRESS,
    REGION_FEED,
    REGION_STATE,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    TABLE_HEADER,
    TABLE_TOPICS,
    UNIT_WINDOWS,
    control_headers,
    topics,
)
from contracts.time.clock import real_now_ms, rfc3339
from engines.kafka.broker import KafkaBroker
from streams.agents.state import POSITION_KEY, decode_position
from streams.core.fold import Out, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold
from tests import examples, registry_small
from tests.ports import pick_port

PARTITIONS = 2
EVENTS = 3_000
_AREAS = ("kecamatan", "kabupaten")
KITCHENS = (examples.KITCHEN, registry_small.SECOND_KITCHEN)
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.real


class Installation:
    """A broker of its own, the registry in every partition, and the workers."""

    def __init__(self, home: Path, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.home = home
        DataDir(home).create_key()
        self.key = DataDir(home).key()
        self.workers: list[subprocess.Popen[bytes]] = []
        ensure_topics(Cluster(bootstrap), topics(PARTITIONS, 1), 1)

    def start_worker(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PANTAU_DATA_DIR": str(self.home),
            "PANTAU_BROKER": self.bootstrap,
            "PANTAU_PARTITIONS": str(PARTITIONS),
            "PANTAU_LOG_LEVEL": "info",
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "streams"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / f"worker-{len(self.workers)}.log").open("wb"),
        )
        self.workers.append(worker)
        return worker

    def keep_two(self) -> None:
        """As a supervisor does: a worker that ended by itself is started again."""
        for _ in range(2 - sum(worker.poll() is None for worker in self.workers)):
            self.start_worker()

    def stop(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                worker.wait()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    broker = KafkaBroker(tmp_path / "kafka", pick_port())
    with broker.running():
        made = Installation(tmp_path, broker.address)
        yield made
        made.stop()


def history(seed: int) -> list[tuple[str, bytes]]:
    """(unit, line) of a history with duplicates, conflicts, corrections before and after their target, and retractions."""
    chance = random.Random(seed)
    now = real_now_ms()
    ids: dict[str, list[tuple[str, str]]] = {unit: [] for unit in KITCHENS}
    lines: list[tuple[str, bytes]] = []
    for number in range(EVENTS):
        unit = chance.choice(KITCHENS)
        type_ = chance.choice(
            ["sppg.cooking.finished", "sppg.meal.eaten", "sppg.temperature.measured"]
        )
        overrides: dict[str, Any] = {
            "id": f"e{number}",
            "source": f"/{examples.REGION}/sppg/{unit}",
            "time": rfc3339(now - chance.randrange(3 * 86_400_000)),
        }
        if type_ == "sppg.cooking.finished":
            overrides["data"] = {"portions": chance.randint(1, 500)}
        known = ids[unit]
        if known and chance.random() < 0.2:
            target, target_type = chance.choice(known)
            overrides["supersedes"] = (
                f"e{chance.randrange(EVENTS)}" if chance.random() < 0.2 else target
            )
            type_ = "event.retracted" if chance.random() < 0.3 else target_type
            if type_ == "event.retracted":
                overrides.pop("data", None)
        line = examples.line(type_, **overrides)
        ids[unit].append((overrides["id"], type_))
        lines.append((unit, line))
        if chance.random() < 0.05:
            lines.append(chance.choice(lines))
    return lines


async def publish_registry(made: Installation) -> None:
    value = registry_small.SMALL.encode()
    producer = AIOKafkaProducer(bootstrap_servers=made.bootstrap)
    await producer.start()
    for topic in EVENT_TOPICS:
        for partition in range(PARTITIONS):
            headers = control_headers(made.key, REGISTRY_CHANGE, topic, partition, value)
            await producer.send_and_wait(topic, value, partition=partition, headers=headers)
    await producer.stop()


async def post(made: Installation, lines: list[tuple[str, bytes]], seconds: float) -> None:
    """Produces the lines over `seconds`, some in records of many."""
    producer = AIOKafkaProducer(bootstrap_servers=made.bootstrap, acks="all")
    await producer.start()
    steps = 60
    size = len(lines) // steps + 1
    for step in range(steps):
        by_partition: dict[int, list[bytes]] = {}
        for unit, line in lines[step * size : (step + 1) * size]:
            by_partition.setdefault(partition_of(unit, PARTITIONS), []).append(line)
        for partition, some in by_partition.items():
            values = some if step % 3 == 0 else list(pack(some))
            for value in values:
                await producer.send_and_wait(SPPG_EVENTS, value, partition=partition)
        await asyncio.sleep(seconds / steps)
    await producer.stop()


async def disturb(made: Installation, seconds: float, seed: int) -> None:
    """Kills one worker, freezes the other past its session, wakes it, kills again; each time another is started."""
    chance = random.Random(seed)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        await asyncio.sleep(chance.uniform(2.0, 4.0))
        living = [worker for worker in made.workers if worker.poll() is None]
        victim = chance.choice(living)
        if chance.random() < 0.4:
            victim.send_signal(signal.SIGSTOP)
            await asyncio.sleep(8.0)
            victim.send_signal(signal.SIGCONT)
        else:
            victim.kill()
            made.start_worker()


async def read_all(made: Installation, topic: str, partitions: int) -> list[list[Any]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=made.bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    found = []
    for partition in range(partitions):
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        records: list[Any] = []
        while await consumer.position(place) < end:
            records += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
        found.append(records)
    await consumer.stop()
    return found


async def positions(made: Installation) -> list[int]:
    """Up to where the units' rows have what came."""
    return await positions_in(made, UNIT_WINDOWS, PARTITIONS, UNIT_WINDOWS)


async def positions_of_areas(made: Installation) -> list[int]:
    """Up to where the areas' rows have what came."""
    return await positions_in(made, AREA_WINDOWS, 1, area_stream(0))


async def positions_in(made: Installation, topic: str, partitions: int, stream: str) -> list[int]:
    """The newest lines of table `positions` in a topic, by partition of the event topics."""
    at: dict[tuple[str, int], int] = {}
    for records in await read_all(made, topic, partitions):
        for record in records:
            if dict(record.headers)[TABLE_HEADER] == b"positions":
                rows = map(json.loads, record.value.split(b"\n"))
                at |= {
                    (row["topic"], row["partition"]): row["position"]
                    for row in rows
                    if row["stream"] == stream
                }
    return [at.get((topic, number), 0) for topic in EVENT_TOPICS for number in range(PARTITIONS)]


async def seen_by_region(made: Installation) -> list[int]:
    """The position in each partition of events up to which the region fold has what a unit fold sent: the last worker may
    be stopped between a tick's flush of one and of the other."""
    (records,) = await read_all(made, PROGRESS, 1)
    newest = [record.value for record in records if record.key == area_stream(0).encode()][-1]
    at = {(one.topic, one.partition): one.position for one in decode_progress(newest)}
    return [at[topic, number] for topic in EVENT_TOPICS for number in range(PARTITIONS)]


def identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("level", "area_id", "window", "window_end", "group"))


def content(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("revision", "updated_at")}


Rows = dict[tuple[Any, ...], dict[str, Any]]


def newest_rows(values: list[tuple[str, bytes]]) -> Rows:
    rows: Rows = {}
    for table, value in values:
        if table in ("performance", "coverage", "clinic_coverage"):
            for line in value.split(b"\n"):
                row = json.loads(line)
                rows[(table, *identity(row))] = content(row)
    return rows


async def sent_rows(made: Installation) -> Rows:
    values: list[tuple[str, bytes]] = []
    for topic, partitions in ((UNIT_WINDOWS, PARTITIONS), (AREA_WINDOWS, 1)):
        for records in await read_all(made, topic, partitions):
            values += [
                (dict(record.headers)[TABLE_HEADER].decode(), record.value) for record in records
            ]
    return newest_rows(values)


async def expected_rows(made: Installation, upto: list[int]) -> Rows:
    """The same records through undisturbed folds, to the positions that the workers reached."""
    region = RegionFold(0, len(EVENT_TOPICS) * PARTITIONS, "epoch")
    values: list[tuple[str, bytes]] = []
    offset = 0
    ends = iter(upto)
    for topic in EVENT_TOPICS:
        for partition, records in enumerate(await read_all(made, topic, PARTITIONS)):
            fold = UnitFold(topic, partition, PARTITIONS, 1)
            end = next(ends)
            for record in records:
                if record.offset < end:
                    control = dict(record.headers).get(CONTROL_HEADER, b"").decode()
                    fold.apply(Record(record.offset, record.timestamp, record.value, b"", control))
            flushed = fold.drain(end).out
            values += table_values(flushed)
            for out in flushed:
                if out.topic == REGION_FEED and out.value is not None:
                    region.apply(Record(offset, 0, out.value))
                    offset += 1
    values += table_values(region.drain(offset).out)
    return newest_rows(values)


def table_values(flushed: list[Out]) -> list[tuple[str, bytes]]:
    """(table, lines) of the records that carry table lines."""
    return [
        (dict(out.headers)[TABLE_HEADER].decode(), out.value)
        for out in flushed
        if out.topic in TABLE_TOPICS and out.value is not None
    ]


async def scenario(made: Installation, seconds: float, seed: int) -> tuple[Rows, Rows]:
    await publish_registry(made)
    for _ in range(2):
        made.start_worker()
    await asyncio.gather(post(made, history(seed), seconds), disturb(made, seconds, seed))
    deadline = time.monotonic() + 180
    ends = await log_ends(made)
    while any(at < end for at, end in zip(await positions(made), ends, strict=True)):
        assert time.monotonic() < deadline, f"stood still at {await positions(made)} of {ends}"
        made.keep_two()
        await asyncio.sleep(0.5)
    while any(at < end for at, end in zip(await positions_of_areas(made), ends, strict=True)):
        assert time.monotonic() < deadline, "the region agent stands still"
        made.keep_two()
        await asyncio.sleep(0.5)
    made.stop()
    of_units = await expected_rows(made, await positions(made))
    of_areas = await expected_rows(made, await positions_of_areas(made))
    expected = {key: row for key, row in of_units.items() if key[1] not in _AREAS}
    expected |= {key: row for key, row in of_areas.items() if key[1] in _AREAS}
    return await sent_rows(made), expected


async def ends_of(made: Installation, topic: str, partitions: int) -> list[int]:
    return [
        (records[-1].offset + 1 if records else 0)
        for records in await read_all(made, topic, partitions)
    ]


async def log_ends(made: Installation) -> list[int]:
    return [end for topic in EVENT_TOPICS for end in await ends_of(made, topic, PARTITIONS)]


async def region_position(made: Installation) -> int:
    (records,) = await read_all(made, REGION_STATE, 1)
    kept = [record.value for record in records if record.key == POSITION_KEY]
    return decode_position(kept[-1]).offset if kept else 0


def test_killed_and_frozen_workers_leave_the_same_rows(installation: Installation) -> None:
    seed = int(os.environ.get("PANTAU_CHAOS_SEED", "1"))
    seconds = float(os.environ.get("PANTAU_CHAOS_SECONDS", "25"))
    sent, expected = asyncio.run(scenario(installation, seconds, seed))
    differing = {key: (sent.get(key), row) for key, row in expected.items() if sent.get(key) != row}
    assert len(expected) > 500
    assert not differing, (
        f"{len(differing)} of {len(expected)} rows differ: {dict(list(differing.items())[:3])}"
    )

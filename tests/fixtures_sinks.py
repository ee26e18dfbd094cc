"""For the tests of the sink: a broker with the contract's topics, and patience."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from chassis.datadir import DataDir
from chassis.kafka.admin import ensure_topics
from contracts.results.topics import EVENT_TOPICS, topics
from engines.kafka.broker import KafkaBroker
from sinks.reader import GROUP
from storage.schema import STORE
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.ports import pick_port

Start = Callable[..., "Sink"]


def wait_until(condition: Callable[[], bool], timeout_s: float = 90) -> None:
    """Return when `condition` holds; fail after `timeout_s`."""
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.1)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker with the contract's topics, two partitions each."""
    node = KafkaBroker(tmp_path_factory.mktemp("sinks_kafka"), pick_port())
    with node.running():
        ensure_topics(node.cluster, topics(2, 1), 1)
        yield node.address


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """`folder` as a file system of `size` (as tmpfs says it: `32m`); skips the test where it may not be made."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(
            "only root may mount a small disk; the same test with limits of files and settings ran"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Sink:
    """A running sink."""

    def __init__(self, command: list[str], env: dict[str, str], home: DataDir) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", *command], env=env)
        self._home = home

    def ready(self) -> tuple[bool, str]:
        facts = self._home.read_run("sinks")
        if facts is None or facts["pid"] != self.process.pid:
            return False, "not started"
        return json.loads(self._get(f"{facts['health']}/readyz"))["ready"], self._get(
            f"{facts['health']}/readyz"
        )

    def metrics(self) -> str:
        facts = self._home.read_run("sinks")
        assert facts is not None
        return self._get(f"{facts['health']}/metrics")

    @staticmethod
    def _get(url: str) -> str:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.read().decode())
        except OSError:
            return '{"ready": false}'

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def sinks_of(engine: EmbeddedClickHouse, broker: str, folder: Path) -> Iterator[Start]:
    """Starts sinks between `broker` and `engine` with `folder` as data dir; kills those that still run."""
    home = DataDir(folder)
    env = os.environ | {
        "PANTAU_DATA_DIR": str(folder),
        "PANTAU_BROKER": broker,
        "PANTAU_SECRET_KEY": "6b" * 32,
        "PANTAU_CLICKHOUSE_URL": engine.url,
        "PANTAU_CLICKHOUSE_PASSWORD": engine.passwords["writer"],
        "PANTAU_LOG_LEVEL": "warning",
    }
    started: list[Sink] = []

    def begin(*command: str) -> Sink:
        started.append(Sink(list(command) or ["sinks"], env, home))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def producer(broker: str) -> Iterator[KafkaProducer]:
    made = KafkaProducer(bootstrap_servers=broker)
    yield made
    made.close()


def count(store: Client, table: str, where: str = "1") -> int:
    query = f"SELECT count() FROM {STORE}.{table} FINAL WHERE {where}"
    return int(store.query(query).result_rows[0][0])


def lag(broker: str) -> int:
    """Records of the event topics that the group has not committed."""
    consumer = KafkaConsumer(bootstrap_servers=broker, group_id=GROUP, enable_auto_commit=False)
    places = [TopicPartition(topic, number) for topic in EVENT_TOPICS for number in (0, 1)]
    ends = consumer.end_offsets(places)
    left: int = sum(ends[place] - (consumer.committed(place) or 0) for place in places)
    consumer.close(autocommit=False)
    return left

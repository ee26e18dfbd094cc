"""What tests of every room share: the real broker, started once a session and emptied for each module."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Final

import hypothesis
import pytest

from chassis.kafka.admin import delete_topics
from chassis.kafka.cluster import Cluster
from engines.kafka.broker import KafkaBroker
from tests.ports import pick_port

_REAL_FIXTURES: Final = frozenset(
    {"broker", "clickhouse", "events_broker", "own", "shared_kafka", "store", "tree"}
)
"""Who asks for one of these, directly or through another fixture, is marked `real`."""

# No test is a stop-watch: on a loaded machine any example may take long. The examples are the same in each run, so that a
# failure is of the change at hand; PANTAU_LAWS=heavy draws new ones.
hypothesis.settings.register_profile(
    "pantau",
    deadline=None,
    derandomize=os.environ.get("PANTAU_LAWS") != "heavy",
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("pantau")


def pytest_collection_finish() -> None:
    # As services do, see `chassis/service.py`: else the collector walks through all modules of the tests for a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if isinstance(item, pytest.Function) and _REAL_FIXTURES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def shared_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address (host:port) of the Kafka behind `kafka`, with the topics of whoever ran before."""
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka"), pick_port())
    with broker.running():
        yield broker.address


@pytest.fixture(scope="module")
def kafka(shared_kafka: str) -> str:
    """Address (host:port) of a Kafka without topics: make them as services do.

    What another module left would be read too: a gateway whose newest frame is older than 90 s never becomes ready.
    """
    delete_topics(Cluster(shared_kafka), lambda name: not name.startswith("__"))
    return shared_kafka


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz-seconds", type=float, default=10, help="seconds that each fuzzer of tests/fuzz runs"
    )

"""One broker and one ingest for the tests here that need real ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engines.kafka.broker import KafkaBroker
from tests.ports import pick_port
from tests.producers.installation import Running, ingest, prepare, publish
from tests.registry_small import OTHER, SMALL


@pytest.fixture(scope="session")
def events_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker with the topics of an installation: their names are fixed, so it is not shared."""
    broker = KafkaBroker(tmp_path_factory.mktemp("events-kafka"), pick_port())
    with broker.running():
        prepare(broker.address)
        publish(broker.address, SMALL, OTHER)
        yield broker.address


@pytest.fixture(scope="session")
def served(events_broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A ready ingest."""
    with ingest(events_broker, tmp_path_factory.mktemp("ingest")) as running:
        running.wait_ready()
        yield running

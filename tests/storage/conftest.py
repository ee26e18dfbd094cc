"""The embedded ClickHouse: with the schema in it (`store`), or without any database of ours (`bare`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from storage import migrate
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.fixtures_store import clickhouse, engine, store
from tests.storage.filled_store import clear
from tests.storage.landed_sink import Sink

__all__ = ["clickhouse", "engine", "store"]


@pytest.fixture
def sink(store: Client) -> Sink:
    """Writes into the store as the process does."""
    return Sink(store)


@pytest.fixture(scope="module")
def lent(clickhouse: EmbeddedClickHouse) -> Iterator[Client]:
    """A writer's client; other modules find the schema again."""
    client = clickhouse.client()
    yield client
    clear(client)
    migrate.run(client)
    client.close()


@pytest.fixture
def bare(lent: Client) -> Client:
    """A writer's client on an engine with no schema."""
    clear(lent)
    return lent

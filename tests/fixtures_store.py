"""The embedded ClickHouse with the schema in it, for the tests of `storage`, `sinks` and `audit`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from storage import migrate
from storage.schema import STORE
from tests.fixtures_clickhouse import EmbeddedClickHouse, clickhouse

__all__ = ["clickhouse"]


@pytest.fixture(scope="session")
def engine(clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    """The session's server with all migrations applied."""
    migrate.run(clickhouse.client())
    return clickhouse


@pytest.fixture
def store(engine: EmbeddedClickHouse) -> Iterator[Client]:
    """A writer's client on empty tables."""
    client = engine.client()
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = {db:String} AND name != 'migrations' "
        "AND engine LIKE '%MergeTree'",
        parameters={"db": STORE},
    ).result_rows
    for (name,) in tables:
        client.command(f"TRUNCATE TABLE {STORE}.`{name}`")
    yield client
    client.close()

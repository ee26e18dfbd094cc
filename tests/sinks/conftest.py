"""Real parts for the tests of this room."""

from __future__ import annotations

from tests.fixtures_clickhouse import clickhouse
from tests.fixtures_sinks import broker, engine, store

__all__ = ["broker", "clickhouse", "engine", "store"]

"""Tests here write to a real store, from a real broker."""

from tests.fixtures_sinks import broker
from tests.fixtures_store import clickhouse, engine, store

__all__ = ["broker", "clickhouse", "engine", "store"]

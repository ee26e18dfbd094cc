"""Tests here read and write a real store, and the log of a real broker."""

from tests.fixtures_sinks import broker
from tests.fixtures_store import clickhouse, engine, store

__all__ = ["broker", "clickhouse", "engine", "store"]

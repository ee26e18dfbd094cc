"""Tests here read and write a real store."""

from tests.fixtures_store import clickhouse, engine, store

__all__ = ["clickhouse", "engine", "store"]

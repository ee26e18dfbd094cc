"""Tests here start the embedded ClickHouse."""

from tests.fixtures_clickhouse import clickhouse

__all__ = ["clickhouse"]

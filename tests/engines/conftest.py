"""The embedded ClickHouse for the tests of this room."""

from __future__ import annotations

from tests.fixtures_clickhouse import clickhouse

__all__ = ["clickhouse"]

"""A real ClickHouse with all migrations applied."""

from __future__ import annotations

from tests.fixtures_clickhouse import clickhouse as clickhouse
from tests.fixtures_store import engine as engine
from tests.fixtures_store import store as store

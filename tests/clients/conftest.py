"""The embedded server for the tests of drivers."""

from tests.fixtures_clickhouse import clickhouse as clickhouse

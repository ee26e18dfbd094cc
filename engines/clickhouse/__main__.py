"""`python -m engines.clickhouse`: the embedded ClickHouse server."""

from engines.clickhouse.server import main

main()

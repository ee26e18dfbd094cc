"""`python -m pantau.clickhouse`: the embedded ClickHouse, under a command line that holds its name and no other part's."""

from sinks.clickhouse.server import main

main()

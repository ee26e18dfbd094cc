"""The embedded ClickHouse: chDB behind ClickHouse's HTTP interface, with accounts and limits."""

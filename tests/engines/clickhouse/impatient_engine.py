"""The embedded ClickHouse with a second's patience for a client that reads nothing."""

from __future__ import annotations

from functools import partial

import engines.clickhouse.server
from engines.clickhouse.pipe import Pipe

if __name__ == "__main__":
    vars(engines.clickhouse.server)["Pipe"] = partial(Pipe, stalled_s=1.0)
    engines.clickhouse.server.main()

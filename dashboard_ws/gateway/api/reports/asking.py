"""Questions of routes to ClickHouse."""

from __future__ import annotations

from typing import TypeVar

from chassis import logs
from chassis.http.problems import Problem
from dashboard_ws.gateway.stream.analyst_store import AnalystStore, StoreAwayError

_Row = TypeVar("_Row")
_log = logs.get("gateway.desk")


async def asked(store: AnalystStore, query: str, row: type[_Row], **given: str | int) -> list[_Row]:
    """As `AnalystStore.rows`. Raises `Problem` (503), with the cause in the log."""
    try:
        return await store.rows(query, row, **given)
    except StoreAwayError as error:
        _log.warning("ClickHouse gave a route no answer", problem=str(error))
        detail = "ClickHouse gave no answer: try again. If it stays so, the gateway's log says why."
        raise Problem(503, "Service Unavailable", detail, {"Retry-After": "5"}) from None

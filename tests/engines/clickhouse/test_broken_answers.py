"""A failure of the embedded server itself never ends an answer as if it were whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from chassis.health import Health
from engines.clickhouse import server
from engines.clickhouse.accounts import Accounts, create_accounts
from engines.clickhouse.engine import Summary
from engines.clickhouse.engine_errors import ClickHouseError
from engines.clickhouse.worker import Head, Send


class FailingWorker:
    """Sends `parts` parts of a result, then fails in a way that nobody foresaw."""

    parts = 0

    def __init__(self, _engine: Any) -> None: ...

    def run(self, _asked: Any, _profile: Any, _reads_only: bool, send: Send) -> None:
        for _ in range(self.parts):
            send(Head("TabSeparated", Summary(), {}), b"1\n")
        raise MemoryError("no room for the rest")


@pytest.fixture
async def client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server whose worker fails after `request.param` parts."""
    monkeypatch.setattr(FailingWorker, "parts", request.param)
    monkeypatch.setattr(server, "Worker", FailingWorker)
    passwords = create_accounts(tmp_path)
    engine: Any = SimpleNamespace(
        cancel_reads=lambda: None, check_writes=lambda: None, close=lambda: None
    )
    app = server.Server(engine, Accounts.load(tmp_path)).app(Health("clickhouse"))
    async with app.router.lifespan_context(app):
        yield httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://clickhouse",
            auth=("writer", passwords["writer"]),
        )


@pytest.mark.parametrize("client", [0], indirect=True)
async def test_before_the_first_part_it_is_an_error(client: httpx.AsyncClient) -> None:
    answer = await client.post("/", content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "1002")


@pytest.mark.parametrize("client", [3], indirect=True)
async def test_after_it_the_answer_breaks_off(client: httpx.AsyncClient) -> None:
    with pytest.raises(ClickHouseError, match="no room"):
        await client.post("/", content="SELECT 1")

"""A fault of ours while events are taken: the device gets a problem, the server's log the traceback."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from producers.ingest.ingest_app import EventsFirst


class BrokenIngest:
    async def post_events(self, request: Request) -> Response:
        await request.body()
        raise LookupError("a fault that holds 3211012001150001")


async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


def test_a_fault_is_a_problem_without_its_text_and_reaches_the_server() -> None:
    ingest: Any = BrokenIngest()
    app = EventsFirst(nothing, ingest)
    answer = TestClient(app, raise_server_exceptions=False).post("/v1/events", content=b"{}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "3211" not in answer.text
    with pytest.raises(LookupError):
        TestClient(app).post("/v1/events", content=b"{}")

"""Input of no token that once answered 500: a page's name, an Origin, a position."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from chassis.http.new_app import new_app
from chassis.http.pages import Pages
from dashboard_ws.gateway.connections.sse import parse_position
from dashboard_ws.gateway.connections.ws import is_foreign


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize(
    "path", ["%00", "a/%00/b", "x" * 5_000, "x/" * 3_000, "..%2f..%2fkey", "%ff%fe", "%ed%a0%80"]
)
def test_no_name_of_a_page_is_a_fault(tmp_path: Path, path: str, built: bool) -> None:
    if built:
        (tmp_path / "index.html").touch()
    app = new_app("pages")
    app.router.routes.append(Route("/{path:path}", Pages(tmp_path).serve))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"/{path}")

    assert asyncio.run(ask()).status_code == 404


@given(st.text() | st.from_regex(r"https?://[\[\]:@/a-z0-9]{0,20}"))
def test_any_origin_is_judged(origin: str) -> None:
    assert is_foreign(origin, "dinas.example", ()) is ("dinas.example" not in origin.lower())


@given(st.text(), st.text() | st.integers().map(str))
def test_any_position_is_read_or_is_none(epoch: str, seq: str) -> None:
    found = parse_position(f"{epoch}:{seq}")
    assert found is None or str(found.seq).zfill(len(seq)) == seq


def test_a_position_of_thousands_of_digits_is_none() -> None:
    assert parse_position("e:" + "9" * 5_000) is None

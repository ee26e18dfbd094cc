"""The gateway as walls meet it: a real broker, a real process, real sockets."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from contracts.tokens import Claims, verify
from tests.dashboard_ws.conftest import KEY, REGION, GatewayProcess, Stream, Wall, token, unit_row

pytestmark = pytest.mark.real


@pytest.fixture
async def stream(gateway: GatewayProcess) -> AsyncIterator[Stream]:
    """A stream of a new epoch, begun."""
    one = Stream(gateway.broker)
    await one.start()
    await one.cook(1, 10)
    await _until_epoch(gateway, one)
    yield one
    await one.stop()


def bearer(*args: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*args)}"}


async def _state(gateway: GatewayProcess, **options: Any) -> httpx.Response:
    headers = options.pop("headers", {})
    async with httpx.AsyncClient() as client:
        return await client.get(
            f"{gateway.url}/v1/state",
            params={"region": REGION} | options,
            headers=bearer("operator") | headers,
        )


async def _until_epoch(gateway: GatewayProcess, stream: Stream) -> None:
    async with asyncio.timeout(60):
        while True:
            answer = await _state(gateway)
            body = answer.json()
            if (body.get("epoch"), body.get("seq")) == (stream.epoch, stream.seq):
                return
            await asyncio.sleep(0.05)


async def _closed(wall: Wall) -> tuple[dict[str, Any], int]:
    """The error frame and the close code that end the connection."""
    frame = await wall.next("error", timeout_s=12)
    with pytest.raises(ConnectionClosed) as caught:
        await wall.next()
    assert caught.value.rcvd is not None
    return frame, caught.value.rcvd.code


async def test_snapshot_delta_resume_ping(gateway: GatewayProcess, stream: Stream) -> None:
    async with gateway.connect() as socket_:
        assert socket_.subprotocol == "pantau.v1"
        wall = Wall(socket_)
        first = await wall.begin()
        assert first["op"] == "snapshot"
        assert (first["epoch"], first["seq"], first["part"]) == (stream.epoch, 1, 1)
        assert wall.rows[unit_row(1, 0)[0]] == unit_row(1, 10)[1]
        await stream.cook(1, 20)
        assert (await wall.next())["op"] == "delta"
        await wall.until(20)
        ping = await wall.next("ping")
        assert (ping["epoch"], ping["seq"]) == (stream.epoch, wall.seq)
        await stream.flush({unit_row(1, 0)[0]: None})
        await wall.next("delta")
        assert wall.rows == {}
    await stream.cook(2, 5)
    await _until_epoch(gateway, stream)
    async with gateway.connect() as socket_:
        again = Wall(socket_)
        again.seq = wall.seq
        since = {"epoch": stream.epoch, "seq": wall.seq}
        frame = await again.begin(since=since)
        assert (frame["op"], frame["from"], frame["seq"]) == ("delta", wall.seq, stream.seq)
        assert [row["key"] for row in frame["rows"]] == [unit_row(2, 5)[0]]
    async with gateway.connect() as socket_:
        same = await Wall(socket_).begin(since={"epoch": stream.epoch, "seq": stream.seq})
        assert (same["op"], same["rows"], same["gone"]) == ("delta", [], [])


async def test_another_epoch_is_a_snapshot(gateway: GatewayProcess, stream: Stream) -> None:
    async with gateway.connect() as socket_:
        wall = Wall(socket_)
        await wall.begin(since={"epoch": "another", "seq": 99})
        assert wall.epoch == stream.epoch
        stream.epoch, stream.seq = stream.epoch + "x", 0
        await stream.cook(7, 7)
        frame = await wall.next("snapshot")
        assert frame["epoch"] == stream.epoch
        assert list(wall.rows) == [unit_row(7, 7)[0]]


async def test_half_a_frame_is_not_seen(gateway: GatewayProcess, stream: Stream) -> None:
    async with gateway.connect() as socket_:
        wall = Wall(socket_)
        await wall.begin()
        await stream.flush(dict([unit_row(1, 666)]), commit=False)
        await stream.flush(dict([unit_row(1, 11)]), head=False)
        ping = await wall.next("ping")
        assert ping["seq"] == 1
        assert wall.rows[unit_row(1, 0)[0]]["portions_cooked"] == 10
        await stream.cook(2, 2)
        await wall.until(11)
        assert unit_row(2, 0)[0] in wall.rows


async def test_small_clinic_counts_are_hidden_from_walls(
    gateway: GatewayProcess, stream: Stream
) -> None:
    row = {"topic": "clinic_coverage", "key": "clinic_coverage/unit/P-1/1d", "level": "unit",
           "mothers_seen": 9, "mothers_anaemic": 2, "children_registered": 3}  # fmt: skip
    await stream.flush({row["key"]: row})  # type: ignore[dict-item]
    await _until_epoch(gateway, stream)
    for kind, anaemic, hidden in (("wall", None, ["mothers_anaemic"]), ("operator", 2, None)):
        async with gateway.connect() as socket_:
            wall = Wall(socket_)
            await wall.begin(kind)  # type: ignore[arg-type]
            shown = wall.rows[str(row["key"])]
            assert (shown["mothers_anaemic"], shown.get("hidden")) == (anaemic, hidden)
            assert (shown["mothers_seen"], shown["children_registered"]) == (9, 3)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["nonsense"], 4401),
        ([token("device")], 4401),
        ([token("wall", -5)], 4401),
        ([token("wall", 3600, "32.08")], 4403),
    ],
)
async def test_bad_tokens(gateway: GatewayProcess, given: list[str], code: int) -> None:
    async with gateway.connect() as socket_:
        wall = Wall(socket_)
        await wall.say("auth", token=given[0])
        await wall.say("subscribe", region=REGION, topics=["alerts"])
        frame, closed = await _closed(wall)
        assert (frame["code"], closed) == (code, code)


async def test_silence_bad_frames_and_an_ended_token(gateway: GatewayProcess) -> None:
    async with gateway.connect() as mute, gateway.connect() as bad, gateway.connect() as short:
        await bad.send(b"\x00")
        assert (await _closed(Wall(bad)))[1] == 4400
        await Wall(short).say("auth", token=token("wall", 3))
        assert (await _closed(Wall(short)))[1] == 4401
        assert (await _closed(Wall(mute)))[1] == 4401


async def test_foreign_origin_is_refused_before_the_upgrade(gateway: GatewayProcess) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with gateway.connect(origin="https://evil.example"):
            pass
    assert caught.value.response.status_code == 403
    for origin in ("https://dinas.example", gateway.url):
        async with gateway.connect(origin=origin):
            pass


async def test_a_slow_client_is_closed_and_nobody_else_notices(
    gateway: GatewayProcess, stream: Stream
) -> None:
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.setblocking(False)
    await asyncio.get_running_loop().sock_connect(stuck, ("127.0.0.1", gateway.port))
    pad = "x" * 40_000
    async with (
        gateway.connect(sock=stuck, max_queue=1, ping_interval=None) as slow,
        gateway.connect() as quick,
    ):
        await Wall(slow).begin()
        wall = Wall(quick)
        await wall.begin()
        began, longest, cooked = time.monotonic(), 0.0, 100
        while "4408" not in await _evicted(gateway) and time.monotonic() - began < 120:
            cooked += 1
            sent = time.monotonic()
            await stream.flush(dict(unit_row(n, cooked, pad=pad) for n in range(1, 11)))
            await wall.until(cooked)
            longest = max(longest, time.monotonic() - sent)
            await asyncio.sleep(0.3)
        assert time.monotonic() - began > 14, "it may take nothing for 15 s"
        assert longest < 10, "the slow one has no part in it"
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(_read_all(slow), 30)
        await stream.cook(1, 1)
        await wall.until(1)


async def _read_all(socket_: ClientConnection) -> None:
    while True:
        await socket_.recv()


async def _evicted(gateway: GatewayProcess) -> str:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{gateway.url}/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("pantau_gateway_evicted_total")]
    return "\n".join(lines)


async def test_sse(gateway: GatewayProcess, stream: Stream) -> None:
    async def events(since: str, want: int) -> list[tuple[str, str, dict[str, Any]]]:
        params = {"region": REGION, "topics": "performance", "since": since}
        found, name, mark = [], "", ""
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient() as client,
            client.stream("GET", f"{gateway.url}/sse", params=params, headers=bearer()) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name, mark = value, ""
                elif field == "id":
                    mark = value
                elif field == "data":
                    found.append((name, mark, json.loads(value)))
                    if len(found) == want:
                        break
        return found

    (welcome, _, _), (snapshot, mark, frame) = await events("", 2)
    assert (welcome, snapshot, mark) == ("welcome", "snapshot", f"{stream.epoch}:1")
    assert frame["rows"] == [unit_row(1, 10)[1]]
    await stream.cook(1, 12)
    await _until_epoch(gateway, stream)
    _, (delta, mark, frame) = await events(mark, 2)
    assert (delta, mark, frame["from"]) == ("delta", f"{stream.epoch}:2", 1)
    assert frame["rows"] == [unit_row(1, 12)[1]]


async def test_state_has_an_etag(gateway: GatewayProcess, stream: Stream) -> None:
    answer = await _state(gateway, levels="unit", topics="performance")
    assert answer.json()["rows"] == [unit_row(1, 10)[1]]
    tag = answer.headers["etag"]
    assert not tag.startswith("W/")
    same = {"headers": {"If-None-Match": tag}}
    assert (await _state(gateway, levels="unit", topics="performance", **same)).status_code == 304
    weak = {"headers": {"If-None-Match": f'"other", W/{tag}'}}
    packed = await _state(gateway, levels="unit", topics="performance", **weak)
    assert (packed.status_code, packed.headers["etag"]) == (304, tag)
    assert (await _state(gateway, levels="kabupaten", **same)).status_code == 200
    await stream.cook(1, 11)
    await _until_epoch(gateway, stream)
    newer = await _state(gateway, levels="unit", topics="performance", **same)
    assert (newer.status_code, newer.headers["etag"] != tag) == (200, True)


async def test_no_level_is_every_level(gateway: GatewayProcess, stream: Stream) -> None:
    area = {
        "topic": "performance",
        "key": f"performance/kabupaten/{REGION}/1d",
        "level": "kabupaten",
    }
    await stream.flush({area["key"]: area})
    await _until_epoch(gateway, stream)
    every = sorted([area["key"], unit_row(1, 10)[0]])
    for levels in ({}, {"levels": ""}, {"levels": ","}):
        answer = await _state(gateway, **levels)
        assert sorted(row["key"] for row in answer.json()["rows"]) == every, levels
    only = await _state(gateway, levels="kabupaten,")
    assert [row["key"] for row in only.json()["rows"]] == [area["key"]]


async def test_http_refusals(gateway: GatewayProcess) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        for path, params, headers, status in (
            ("/v1/state", {"region": REGION}, {}, 401),
            ("/v1/state", {"region": REGION}, bearer("device"), 401),
            ("/v1/state", {"region": REGION}, bearer("wall", 3600, "32.08"), 403),
            ("/v1/state", {"region": "11.01"}, bearer(), 404),
            ("/v1/state", {"region": REGION, "levels": "street"}, bearer(), 400),
            ("/v1/state", {}, bearer(), 422),
            ("/../secrets/key", {}, {}, 404),
        ):
            answer = await client.get(path, params=params, headers=headers)
            assert answer.status_code == status, path
            assert answer.headers["content-type"] == "application/problem+json"
        assert "/v1/state" in (await client.get("/openapi.json")).json()["paths"]


async def test_code_for_token_and_token_for_token(gateway: GatewayProcess) -> None:
    code = token("code", 60, REGION)
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        answer = await client.post("/v1/login", json={"code": code})
        assert answer.status_code == 200
        first: Claims = verify(KEY, answer.json()["token"], 0, "wall")
        assert first.regions == (REGION,)
        assert (await client.post("/v1/login", json={"code": code})).status_code == 401
        assert (await client.post("/v1/login", json={"code": token()})).status_code == 401
        held = {"Authorization": f"Bearer {answer.json()['token']}"}
        fresh = (await client.post("/v1/token", headers=held)).json()
        second = verify(KEY, fresh["token"], 0, "wall")
        assert (second.sub, second.regions) == (first.sub, first.regions)
        assert second.jti != first.jti
        ended = await client.post("/v1/token", headers=bearer("wall", -5))
        assert ended.status_code == 401


async def test_clients_go_on_at_the_next_gateway(broker: str, tmp_path: Path) -> None:
    stream = Stream(broker)
    await stream.start()
    await stream.flush(dict(unit_row(n, n) for n in range(1, 6)))
    first = GatewayProcess(broker, tmp_path)
    with first.running() as process:
        async with first.connect() as socket_:
            wall = Wall(socket_)
            await wall.begin()
            assert len(wall.rows) == 5
            process.send_signal(signal.SIGTERM)
            frame, code = await _closed(wall)
            assert (frame["code"], code) == (4503, 4503)
        assert process.wait(60) == 0
    await stream.flush({unit_row(1, 0)[0]: None} | dict([unit_row(2, 22)]))
    second = GatewayProcess(broker, tmp_path)
    with second.running():
        async with second.connect() as socket_:
            again = Wall(socket_)
            again.rows, again.seq = wall.rows, wall.seq
            frame = await again.begin(since={"epoch": wall.epoch, "seq": wall.seq})
            assert (frame["op"], frame["from"]) == ("delta", wall.seq)
            assert again.rows == dict([unit_row(2, 22), *(unit_row(n, n) for n in (3, 4, 5))])
    await stream.stop()

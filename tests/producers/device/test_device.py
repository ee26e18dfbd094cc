"""The device's client against a server that answers as told, and its outbox on a real file."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from contracts.receipts import ReceiptState
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, issue, verify
from producers.device import ingest_client as device
from producers.device.ingest_client import (
    DeviceClient,
    NotAllowedError,
    PostResult,
    RejectedItem,
    SetAside,
)
from producers.device.outbox import RECEIPTS, Outbox, drain, receipt_states
from tests.examples import KITCHEN
from tests.ports import pick_port
from tests.producers.installation import KEY, Running, temperature, token

Answer = Callable[[list[bytes]], web.Response]


class Server:
    """Notes what it gets and answers with the next of `answers`, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.got: list[list[bytes]] = []
        self.headers: list[dict[str, str]] = []
        self._answers = answers

    async def _handle(self, request: web.Request) -> web.Response:
        lines = (await request.read()).split(b"\n")
        self.headers.append(dict(request.headers))
        self.got.append(lines)
        return self._answers[min(len(self.got), len(self._answers)) - 1](lines)

    @asynccontextmanager
    async def client(self, port: int = 0) -> AsyncIterator[DeviceClient]:
        app = web.Application()
        app.router.add_post("/v1/events", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        bound = runner.addresses[0][1]
        try:
            async with DeviceClient(f"http://127.0.0.1:{bound}/", "secret") as client:
                yield client
        finally:
            await runner.cleanup()


def _json(status: int, body: object, **headers: str) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def taken(lines: list[bytes]) -> web.Response:
    bad = [n for n, line in enumerate(lines) if line.startswith(b"bad")]
    told = [{"index": n, "id": None, "code": "not_json", "detail": "no"} for n in bad]
    status = 202 if len(bad) < len(lines) else 422
    return _json(status, {"accepted": len(lines) - len(bad), "rejected": told, "receipt": ""})


def busy(_lines: list[bytes]) -> web.Response:
    return _json(503, {"detail": "later"}, **{"Retry-After": "0"})


def portal(_lines: list[bytes]) -> web.Response:
    return web.Response(status=200, text="<html>login</html>")


def unfit(_lines: list[bytes]) -> web.Response:
    return _json(400, {"detail": "nothing parses"})


def at_most(count: int) -> Answer:
    return lambda lines: taken(lines) if len(lines) <= count else _json(413, {"detail": "big"})


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_FIRST_WAIT_S", 0.01)


def post(server: Server, *lines: bytes) -> PostResult:
    async def run() -> PostResult:
        async with server.client() as client:
            return await client.post(lines)

    return asyncio.run(run())


def test_it_keeps_its_copy_until_the_lines_are_judged() -> None:
    server = Server(busy, portal, taken)
    assert post(server, b"a", b"bad", b"c") == PostResult(
        2, (RejectedItem(1, None, "not_json", "no"),)
    )
    assert server.got == [[b"a", b"bad", b"c"]] * 3
    assert server.headers[0]["Authorization"] == "Bearer secret"


def test_422_is_an_answer_too() -> None:
    assert post(Server(taken), b"bad").rejected[0].index == 0


def test_large_bodies_are_packed() -> None:
    server = Server(taken)
    assert post(server, *[b"x" * 100] * 100).accepted == 100
    assert server.headers[0]["Content-Encoding"] == "gzip"
    body, _ = device.packed([b"x" * 100] * 100)
    assert gzip.decompress(body) == b"\n".join([b"x" * 100] * 100)


@given(st.integers(1, 30), st.integers(1, 5))
def test_413_halves_and_loses_nothing(count: int, most: int) -> None:
    lines = [(b"bad%d" if n % 3 == 0 else b"%d") % n for n in range(count)]
    server = Server(at_most(most))
    result = post(server, *lines)
    assert [one.index for one in result.rejected] == list(range(0, count, 3))
    assert result.accepted == count - len(result.rejected)
    assert [one for got in server.got if len(got) <= most for one in got] == lines


def test_what_cannot_be_taken_is_set_aside() -> None:
    aside = (SetAside(0, 400, "nothing parses"), SetAside(1, 400, "nothing parses"))
    assert post(Server(unfit), b"a", b"b") == PostResult(set_aside=aside)
    assert post(Server(at_most(0)), b"a").set_aside == (SetAside(0, 413, "big"),)


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_token_is_raised(status: int) -> None:
    with pytest.raises(NotAllowedError) as caught:
        post(Server(lambda _lines: _json(status, {"detail": "no"})), b"a")
    assert caught.value.status == status


def test_it_waits_for_a_server_that_is_away() -> None:
    port = pick_port()
    server = Server(taken)

    async def run() -> PostResult:
        async with DeviceClient(f"http://127.0.0.1:{port}", "secret") as client:
            waiting = asyncio.create_task(client.post([b"a"]))
            await asyncio.sleep(0.1)
            async with server.client(port):
                return await waiting

    assert asyncio.run(run()).accepted == 1


@given(st.integers(0, 1_000), st.none() | st.floats(0, 100), st.floats(0, 1))
def test_waits_are_bounded_and_heed_the_server(
    attempt: int, asked: float | None, chance: float
) -> None:
    wait = device.wait_s(attempt, asked, chance)
    assert (asked or 0) <= wait <= (asked or 0) + 30


def test_the_outbox_survives_and_empties_in_order(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        outbox.append([b"1", b"bad2"])
        outbox.append([b"3"])
    server = Server(busy, taken)

    async def run() -> int:
        with Outbox(path) as outbox:
            async with server.client() as client:
                return await drain(outbox, client)

    assert asyncio.run(run()) == 2
    assert server.got[-1] == [b"1", b"bad2", b"3"]
    with Outbox(path) as outbox:
        assert len(outbox) == 0
        [aside] = outbox.aside()
        assert (aside.line, aside.why) == (b"bad2", "not_json: no")
        outbox.forget_aside([aside.seq])
        assert not outbox.aside()


def test_the_receipts_of_the_last_answers_are_kept(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        for number in range(RECEIPTS + 5):
            outbox.append([b"x"])
            outbox.settle(outbox.oldest(), PostResult(1, receipts=(f"r1.{number}",)))
        outbox.settle(outbox.oldest(), PostResult())
    with Outbox(tmp_path / "outbox.db") as outbox:
        assert outbox.receipts() == [f"r1.{number}" for number in range(5, RECEIPTS + 5)]


def test_a_server_without_receipts_is_no_fault(tmp_path: Path) -> None:
    """An ingest of before them, or one that is away: nothing is known, and nothing is lost."""
    older = Server(lambda lines: _json(202, {"accepted": len(lines), "rejected": []}))

    async def run() -> list[ReceiptState | None]:
        with Outbox(tmp_path / "outbox.db") as outbox:
            outbox.append([b"1"])
            async with older.client() as client:
                assert await drain(outbox, client) == 1
                assert outbox.receipts() == []
                outbox.append([b"2"])
                outbox.settle(outbox.oldest(), PostResult(1, receipts=("r1.x",)))
                return await receipt_states(outbox, client)

    assert asyncio.run(run()) == [None]


def test_the_outbox_keeps_what_is_not_allowed(tmp_path: Path) -> None:
    async def run(outbox: Outbox) -> None:
        async with Server(lambda _lines: _json(401, {})).client() as client:
            await drain(outbox, client)

    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.append([b"1"])
        with pytest.raises(NotAllowedError):
            asyncio.run(run(outbox))
        assert outbox.oldest().lines == (b"1",)


def test_batches_are_bounded_but_never_empty(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.append([b"x" * 50, b"y" * 50, b"z"])
        assert outbox.oldest(max_bytes=10).lines == (b"x" * 50,)
        assert outbox.oldest(max_lines=2).lines == (b"x" * 50, b"y" * 50)


_WRITER = """
import sys
from pathlib import Path
from producers.device.outbox import Outbox
with Outbox(Path(sys.argv[1])) as outbox:
    number = 0
    while True:
        outbox.append([b"%d" % number, b"%d" % (number + 1)])
        number += 2
        print(number, flush=True)
"""


def test_kill_9_of_the_device_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3)
        process.kill()
        told = int(process.stdout.read().split()[-1])
    with Outbox(path) as outbox:
        lines = outbox.oldest(max_lines=1_000_000).lines
    assert list(map(int, lines)) == list(range(len(lines)))
    assert len(lines) >= told
    assert len(lines) % 2 == 0


@pytest.mark.real
def test_a_device_against_a_real_ingest(served: Running, tmp_path: Path) -> None:
    async def run() -> int:
        with Outbox(tmp_path / "outbox.db") as outbox:
            outbox.append([temperature(f"device-{n}") for n in range(3_000)])
            outbox.append([b"no json", temperature("device-x", type="no.such")])
            async with DeviceClient(served.url, token(KITCHEN)) as client:
                accepted = await drain(outbox, client)
            codes = [one.why.split(":")[0] for one in outbox.aside()]
            assert codes == ["not_json", "unknown_type"]
            states: list[ReceiptState | None] = [None]
            while None in states:  # until ingest has read how far the others are
                states = await receipt_states(outbox, client)
            assert len(states) == 2 and all(one and one.stored for one in states)
            return accepted

    assert asyncio.run(run()) == 3_000


@pytest.mark.real
@pytest.mark.parametrize("made_before_s", [60, 3_600])
def test_a_token_in_the_second_half_of_its_life_is_renewed(
    served: Running, made_before_s: int
) -> None:
    now_ms = real_now_ms()
    held = issue(KEY, Claims("device", KITCHEN, "old", now_ms // 1000 + 600, made_ms=now_ms - made_before_s * 1000))  # fmt: skip
    stored: list[str] = []

    async def run() -> None:
        async with DeviceClient(served.url, held, renewed=stored.append) as client:
            for _ in range(2):
                assert (await client.post([temperature(f"renewed-{made_before_s}")])).accepted == 1

    asyncio.run(run())
    if made_before_s < 600:
        assert stored == []
    else:
        (fresh,) = stored
        claims = verify(KEY, fresh, now_ms / 1000, "device")
        assert (claims.sub, claims.made_ms >= now_ms) == (KITCHEN, True)
        assert (claims.exp or 0) - now_ms / 1000 > 179 * 86_400


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed_with_the_token(status: int) -> None:
    elsewhere = Server(lambda lines: _json(202, {"accepted": len(lines), "rejected": []}))
    port = pick_port()

    def moved(_lines: list[bytes]) -> web.Response:
        return web.Response(
            status=status, headers={"Location": f"http://127.0.0.1:{port}/v1/events"}
        )

    async with elsewhere.client(port), Server(moved).client() as client:
        with pytest.raises(NotAllowedError, match="redirect"):
            await client.post([b"{}"])
    assert elsewhere.headers == []

"""What stands before the engine: bodies are bounded, statements can be ended, guessers stand before nobody."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import cramjam
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.clickhouse.engine_errors import ClickHouseError
from engines.clickhouse.front.encodings import from_blocks, to_blocks, unpacked
from engines.clickhouse.front.running import EndPolicy, RunningStatement, RunningStatements
from engines.clickhouse.front.turns import TurnPolicy, Turns
from tests.fixtures_clickhouse import EmbeddedClickHouse

LIMIT = 1 << 20
BOMB = b" " * (16 << 20)
PACKED = {
    "gzip": gzip.compress(BOMB),
    "deflate": zlib.compress(BOMB),
    "zstd": bytes(cramjam.zstd.compress(BOMB)),
    "lz4": bytes(cramjam.lz4.compress(BOMB)),
    "br": bytes(cramjam.brotli.compress(BOMB)),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_body_is_unpacked_to_a_limit(encoding: str) -> None:
    assert unpacked(PACKED[encoding], encoding, len(BOMB)) == BOMB
    for limit in (LIMIT, len(BOMB) - 1):
        with pytest.raises(ClickHouseError, match="Body is larger"):
            unpacked(PACKED[encoding], encoding, limit)
    with pytest.raises(ClickHouseError):
        unpacked(b"no such thing", encoding, LIMIT)


@pytest.mark.parametrize("method", ["lz4", "zstd"])
@given(data=st.binary(max_size=3000))
def test_blocks_come_back(method: str, data: bytes) -> None:
    assert from_blocks(to_blocks(data, method), len(data)) == data


@pytest.mark.parametrize("method", ["lz4", "zstd"])
def test_blocks_are_bounded_and_checked(method: str) -> None:
    packed = to_blocks(BOMB, method)
    with pytest.raises(ClickHouseError, match="Body is larger"):
        from_blocks(packed, LIMIT)
    for at in (0, 20, len(packed) - 1):
        damaged = bytearray(packed)
        damaged[at] ^= 1
        with pytest.raises(ClickHouseError):
            from_blocks(bytes(damaged), len(BOMB))


@given(st.binary(max_size=200))
def test_any_bytes_are_blocks_or_refused(data: bytes) -> None:
    with contextlib.suppress(ClickHouseError):
        assert len(from_blocks(data, LIMIT)) <= LIMIT


async def test_users_take_turns() -> None:
    turns = Turns(TurnPolicy(running=1, waiting=4, waiting_of_one=3))
    order = []

    async def one(user: str) -> None:
        await turns.take(user)
        order.append(user)
        turns.give_back()

    await turns.take("first")
    waiting = [asyncio.create_task(one(user)) for user in ("a", "a", "a", "b")]
    await asyncio.sleep(0)
    for user in ("a", "c"):
        with pytest.raises(ClickHouseError, match="TOO_MANY_SIMULTANEOUS_QUERIES"):
            await turns.take(user)
    waiting[1].cancel()
    await asyncio.sleep(0)
    turns.give_back()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["a", "b", "a"]
    await asyncio.wait_for(turns.take("d"), 1)


def test_guessers_do_not_stop_the_accounts(clickhouse: EmbeddedClickHouse) -> None:
    answers = [
        httpx.post(clickhouse.url, content="SELECT 1", auth=("writer", f"guess {n}"))
        for n in range(15)
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert "Too many failed log-ins" in answers[-1].text
    clickhouse.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
    # The analyst has perhaps not logged in since the server began.
    assert clickhouse.post("SELECT 1", "analyst").status_code == 200


@pytest.mark.parametrize("query_id", ["x\ny", "é", "a" * 129, "\x00", " "])
def test_an_odd_query_id_is_refused(clickhouse: EmbeddedClickHouse, query_id: str) -> None:
    answer = clickhouse.post("SELECT 1", query_id=query_id)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "36")
    unknown = httpx.post(clickhouse.url, params={"query_id": query_id}, content="SELECT 1")
    assert unknown.status_code == 401


def test_an_analyst_cannot_send_a_large_body(clickhouse: EmbeddedClickHouse) -> None:
    auth = ("analyst", clickhouse.passwords["analyst"])
    for encoding, body in PACKED.items():
        headers = {"Content-Encoding": encoding}
        answer = httpx.post(clickhouse.url, content=body, headers=headers, auth=auth)
        assert answer.status_code == 413, encoding


def test_compress_and_decompress(clickhouse: EmbeddedClickHouse) -> None:
    sql = "SELECT number FROM numbers(300000)"
    plain = clickhouse.post(sql)
    for method in ("lz4", "zstd"):
        packed = clickhouse.post(
            to_blocks(sql.encode(), method),
            compress="1",
            decompress="1",
            network_compression_method=method,
        )
        assert from_blocks(packed.content, LIMIT << 3) == plain.content


def test_a_statement_whose_client_left_is_ended(clickhouse: EmbeddedClickHouse) -> None:
    clickhouse.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
    count, rows = "SELECT count() FROM numbers(1e15)", "SELECT number FROM numbers(1e15)"
    for account, sql in (("analyst", count), ("writer", count), ("writer", rows)):
        auth = (account, clickhouse.passwords[account])
        with (
            contextlib.suppress(httpx.ReadTimeout),
            httpx.stream("POST", clickhouse.url, content=sql, auth=auth, timeout=1) as answer,
        ):
            next(answer.iter_raw())
        deadline = time.monotonic() + 30
        running = "SELECT count() FROM system.processes WHERE query LIKE '%1e15%' AND query NOT LIKE '%processes%'"
        while clickhouse.post(running).text != "0\n":
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.1)


async def test_a_statement_that_never_looks_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine cannot end a thread of its own; whoever runs the server starts it again."""
    exits: asyncio.Queue[int] = asyncio.Queue()
    cancelled: list[str] = []
    monkeypatch.setattr("engines.clickhouse.front.running.os._exit", exits.put_nowait)
    engine: Any = SimpleNamespace(cancel=cancelled.append)
    running = RunningStatements(engine, EndPolicy(guarded_s=0, stuck_s=0.2))
    ends = threading.Event()
    stopped = threading.Event()
    statement = RunningStatement("stuck", guarded=True, stop_sending=stopped.set)
    with ThreadPoolExecutor(1) as pool:
        running.begin(statement, pool, lambda: bool(ends.wait(30)))
        watch = asyncio.create_task(running.watch())
        code = await asyncio.wait_for(exits.get(), 30)
        watch.cancel()
        running.ended(statement)
        ends.set()
    assert code != 0
    assert "stuck" in cancelled and stopped.is_set()


def test_two_statements_of_one_id_do_not_run_at_once(clickhouse: EmbeddedClickHouse) -> None:
    first = threading.Thread(
        target=clickhouse.post,
        args=("SELECT count() FROM numbers(1e15)",),
        kwargs={"query_id": "same", "max_execution_time": "2"},
    )
    first.start()
    codes = set()
    while first.is_alive():
        answer = httpx.post(
            clickhouse.url,
            content="SELECT 1",
            params={"query_id": "same"},
            auth=("writer", clickhouse.passwords["writer"]),
        )
        codes.add(answer.headers.get("X-ClickHouse-Exception-Code"))
    first.join()
    assert "216" in codes


def test_settings_are_those_of_a_server(clickhouse: EmbeddedClickHouse) -> None:
    clickhouse.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")

    def ask(**settings: str) -> httpx.Response:
        return clickhouse.post("SELECT count() FROM numbers(10)", "analyst", **settings)

    assert "X-Pantau-Settings-Limited" not in ask(max_execution_time="59").headers
    cut = ask(max_execution_time="65", max_result_rows="0").headers["X-Pantau-Settings-Limited"]
    assert cut == "max_execution_time=60, max_result_rows=2000000"
    for repeated in (
        {"async_insert": "0"},
        {"max_query_size": "262144"},
        {"use_uncompressed_cache": "false"},
    ):
        assert ask(**repeated).status_code == 200, repeated
    assert ask(use_uncompressed_cache="1").headers["X-ClickHouse-Exception-Code"] == "164"
    assert ask(no_such="1").headers["X-ClickHouse-Exception-Code"] == "115"

"""The embedded ClickHouse server: `python -m engines.clickhouse --data-dir DIR --port N`.

DIR is the installation's data dir; the engine lies in its folder `clickhouse`, and one process owns
it (chDB allows no second). Writers and analysts have worker threads of their own,
so that no analyst's query, however slow, stands before an insert. On SIGTERM requests under way
are finished, then the engine is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

import msgspec
from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope
from starlette.types import Send as SendToClient

from chassis import logs, service
from chassis.datadir import DataDir, keep_private
from chassis.health import Health
from chassis.http.failed_log_ins import GuessPolicy
from chassis.http.http_policy import HttpPolicy
from chassis.http.new_app import new_app
from chassis.http.serve import serve_app
from engines.clickhouse import protocol
from engines.clickhouse.accounts import (
    PROFILES,
    Accounts,
    Profile,
    create_accounts,
    write_accounts,
)
from engines.clickhouse.engine import (
    DEFAULT_MEMORY_BYTES,
    DEFAULT_THREADS,
    Engine,
    Summary,
)
from engines.clickhouse.engine_errors import ClickHouseError, from_engine, refused
from engines.clickhouse.front import encodings
from engines.clickhouse.front.hello import DISPLAY_NAME
from engines.clickhouse.front.log_ins import LogIns, address_of
from engines.clickhouse.front.running import EndPolicy, RunningStatement, RunningStatements
from engines.clickhouse.front.turns import TurnPolicy, Turns
from engines.clickhouse.pipe import Pipe
from engines.clickhouse.protocol import Asked
from engines.clickhouse.worker import Head, Worker

SERVICE: Final = "clickhouse"
_WRITERS: Final = 4
_ANALYSTS: Final = 3
_WATCH_S: Final = 1.0
_BODY_S: Final = 300.0
"""An insert has so long to arrive."""
_OK: Final = "Ok.\n"

_REQUESTS: Final = Counter(
    "pantau_clickhouse_requests_total",
    "Statements answered, by account and ClickHouse's error code (0: none)",
    ["account", "code"],
)
_SECONDS: Final = Histogram(
    "pantau_clickhouse_request_seconds",
    "Seconds from request to the first part of the answer",
    ["account"],
)

log = logs.get("engines.clickhouse.server")


class Server:
    """The app's state and its one route of work."""

    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._log_ins = LogIns(accounts, GuessPolicy())
        self._worker = Worker(engine)
        self._running = RunningStatements(engine, EndPolicy())
        self._turns = {
            "writer": Turns(TurnPolicy(_WRITERS)),
            "analyst": Turns(TurnPolicy(_ANALYSTS)),
        }
        self._pools = {
            "writer": ThreadPoolExecutor(_WRITERS, "writer"),
            "analyst": ThreadPoolExecutor(_ANALYSTS, "analyst"),
        }

    def app(self, health: Health) -> FastAPI:
        """The ASGI app; its end closes the engine."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            health.ready()
            watches = [
                asyncio.create_task(self._watch_writes(health)),
                asyncio.create_task(self._running.watch()),
            ]
            yield
            for watch in watches:
                watch.cancel()
            health.not_ready("stopping")
            await asyncio.to_thread(self._close)

        app = new_app("Pantau ClickHouse", lifespan=lifespan)
        health.add_to(app)
        app.router.routes.append(Route("/ping", _ping, methods=["GET", "HEAD"]))
        app.router.routes.append(Route("/", self._answer, methods=["GET", "POST"]))
        return app

    async def _watch_writes(self, health: Health) -> None:
        """End the process when a write has failed: a merge, which nobody waits for, may be broken too.

        Whoever runs it starts it again, and the engine then sets broken parts aside. The parts that a
        broken one was merged from are still there: the engine removes them after minutes.
        """
        while True:
            await asyncio.sleep(_WATCH_S)
            try:
                await asyncio.to_thread(self._engine.check_writes)
            except ClickHouseError as error:
                health.not_ready(str(error))
                log.critical("a write to the disk failed: stopping", reason=str(error))
                signal.raise_signal(signal.SIGTERM)
                return

    def _close(self) -> None:
        """Inserts under way end by themselves; queries of analysts are cut off."""
        self._engine.cancel_reads()
        for pool in (*self._pools.values(), self._log_ins.checks):
            pool.shutdown(wait=True)
        self._engine.close()

    async def _answer(self, request: Request) -> Response:
        query_id = str(uuid.uuid4())
        account = "none"
        started = time.monotonic()
        try:
            if request.method == "GET" and "query" not in request.query_params:
                return PlainTextResponse(_OK)
            account = await self._log_ins.user_of(request)
            query_id = protocol.query_id_of(request.query_params, query_id)
            asked = await _taken_apart(request, query_id, PROFILES[account])
            response = await self._run(request, asked, account)
        except ClickHouseError as error:
            _REQUESTS.labels(account, str(error.code)).inc()
            log.info("statement failed", account=account, query_id=query_id, code=error.code)
            return _failure(error, query_id)
        _REQUESTS.labels(account, "0").inc()
        _SECONDS.labels(account).observe(time.monotonic() - started)
        return response

    async def _run(self, request: Request, asked: Asked, account: str) -> Response:
        """Wait for a turn, then for the first part of the answer, while the client is there."""
        pipe = Pipe(asyncio.get_running_loop())
        guarded = PROFILES[account].guarded
        statement = RunningStatement(asked.query_id, guarded, pipe.stop)
        begun = asyncio.create_task(self._begin(request, asked, account, pipe, statement))
        left = asyncio.create_task(_client_left(request))
        try:
            await asyncio.wait((begun, left), return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                raise refused(394, "QUERY_WAS_CANCELLED", "The client has left")
            head, first = begun.result()
        except BaseException:
            begun.cancel()
            self._running.cancel(statement)
            raise
        finally:
            left.cancel()
        return _Streamed(
            pipe.remaining(first), head, asked, lambda: self._running.cancel(statement)
        )

    async def _begin(
        self, request: Request, asked: Asked, account: str, pipe: Pipe, statement: RunningStatement
    ) -> tuple[Head, bytes]:
        loop = asyncio.get_running_loop()
        turns = self._turns[account]
        reads_only = request.method == "GET"

        def work() -> None:
            try:
                self._worker.run(asked, PROFILES[account], reads_only, pipe.send)
            except ClickHouseError as error:
                pipe.fail(error)
            except Exception as error:
                # Without this, a part of a result would end like a full result.
                log.exception("statement failed", account=account, query_id=asked.query_id)
                pipe.fail(from_engine(error))
            finally:
                pipe.end()
                loop.call_soon_threadsafe(over)

        def over() -> None:
            self._running.ended(statement)
            turns.give_back()

        await turns.take(address_of(request))
        try:
            self._running.begin(statement, self._pools[account], work)
        except ClickHouseError:
            turns.give_back()
            raise
        return await pipe.first()


class _Streamed(StreamingResponse):
    """An answer in parts; `at_end` is called when its client has it all, or has left."""

    def __init__(
        self, parts: AsyncIterator[bytes], head: Head, asked: Asked, at_end: Callable[[], None]
    ) -> None:
        body = _in_blocks(parts, asked.blocks) if asked.blocks else parts
        headers = _headers(head, asked.query_id)
        super().__init__(body, headers=headers, media_type=_media_type(head.fmt))
        self._at_end = at_end

    async def __call__(self, scope: Scope, receive: Receive, send: SendToClient) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._at_end()


async def _in_blocks(parts: AsyncIterator[bytes], method: str) -> AsyncIterator[bytes]:
    async for part in parts:
        yield await asyncio.to_thread(encodings.to_blocks, part, method)


async def _client_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _ping(_request: Request) -> Response:
    return PlainTextResponse(_OK)


async def _taken_apart(request: Request, query_id: str, profile: Profile) -> Asked:
    limit = profile.body_bytes
    body = bytearray()
    async for part in request.stream():
        if len(body) + len(part) > limit:
            raise encodings.too_large(limit)
        body += part
    encoding = request.headers.get("content-encoding", "").lower()
    in_blocks = protocol.is_on(request.query_params.get("decompress"))

    def read() -> Asked:
        plain = encodings.unpacked(bytes(body), encoding, limit)
        if in_blocks:
            plain = encodings.from_blocks(plain, limit)
        return protocol.take_apart(request.headers, request.query_params, plain, query_id)

    # Off the loop: unpacking takes time.
    return await asyncio.to_thread(read)


def _headers(head: Head, query_id: str) -> dict[str, str]:
    headers = {
        "X-ClickHouse-Server-Display-Name": DISPLAY_NAME,
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Format": head.fmt,
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Summary": _summary(head.summary),
    }
    if head.cut:
        # What was asked for above the account's limits, and what holds instead.
        headers["X-Pantau-Settings-Limited"] = ", ".join(
            f"{name}={most}" for name, most in head.cut.items()
        )
    return headers


def _summary(summary: Summary) -> str:
    """Numbers as strings, as ClickHouse writes them."""
    counts = {
        "read_rows": summary.read_rows,
        "read_bytes": summary.read_bytes,
        "written_rows": summary.written_rows,
        "written_bytes": summary.written_bytes,
        "result_rows": summary.result_rows,
        "result_bytes": summary.result_bytes,
        "elapsed_ns": int(summary.elapsed_s * 1e9),
    }
    return msgspec.json.encode({name: str(value) for name, value in counts.items()}).decode()


def _media_type(fmt: str) -> str:
    if fmt.startswith("JSON"):
        return "application/json"
    if fmt.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "text/csv; charset=UTF-8" if fmt.startswith("CSV") else "application/octet-stream"


def _failure(error: ClickHouseError, query_id: str) -> Response:
    headers = {
        "X-ClickHouse-Exception-Code": str(error.code),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Server-Display-Name": DISPLAY_NAME,
        "X-ClickHouse-Timezone": "UTC",
    }
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ClickHouse"'
    return PlainTextResponse(f"{error}\n", error.status, headers)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engines.clickhouse")
    parser.add_argument("--data-dir", type=Path, required=True, help="data dir of the installation")
    parser.add_argument("--port", type=int, required=True, help="port of the HTTP interface")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--memory-bytes", type=int, default=DEFAULT_MEMORY_BYTES)
    parser.add_argument("--threads", type=int, default=DEFAULT_THREADS)
    parser.add_argument("--log-level", default="info")
    parser.add_argument(
        "--create-accounts",
        action="store_true",
        help="make new passwords, print them as JSON on stdout, and end",
    )
    return parser.parse_args(arguments)


def _work(given: argparse.Namespace, of: service.Service) -> None:
    home = DataDir(given.data_dir)
    logs.configure(SERVICE, given.log_level)
    # Owned first: a second server must not touch the accounts of the first.
    engine = Engine(home.clickhouse, given.memory_bytes, given.threads)
    app = Server(engine, _accounts(home)).app(of.health)
    # Clients may send a query in the address, as long as on a server.
    policy = HttpPolicy(
        max_body_bytes=max(profile.body_bytes for profile in PROFILES.values()),
        max_head_bytes=1 << 20,
        body_s=_BODY_S,
    )
    serve_app(app, policy, given.host, given.port, SERVICE, given.data_dir)


def main() -> NoReturn:
    """Serves until SIGTERM."""
    given = _arguments(None)
    if given.create_accounts:
        keep_private()
        made = create_accounts(DataDir(given.data_dir).clickhouse)
        sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
        sys.exit(0)
    service.run(SERVICE, partial(_work, given))


def _accounts(home: DataDir) -> Accounts:
    """Accounts of the engine's folder, renewed from the installation's secrets where it has them.

    A server that others reach over a network can do without those, with the hashes alone.
    """
    if (home.path / "secrets" / "clickhouse.json").exists():
        passwords = home.clickhouse_accounts()
        write_accounts(home.clickhouse, passwords)
        accounts = Accounts.load(home.clickhouse)
        # Known from the start: guessers at the same address do not stand before the sink.
        accounts.remember(passwords)
        return accounts
    return Accounts.load(home.clickhouse)

"""`python -m bench.gateway`: CPU a frame and client of the gateway and of a bare loop in one run, and how long frames take.

    rows --> Kafka --> gateway  --> clients (200 to 1,000 sockets of this process)
    text --> stdin --> bare loop -->   "

The two take turns for each size of frame and number of clients, so that the machine is the same for both.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from bench.gateway.frame_clients import FrameClients
from bench.gateway.gateway_report import GatewayRow, SendCost, write
from bench.ground import (
    REGION,
    Ground,
    cpu_s,
    end,
    ground,
    machine,
    output_options,
    publish,
    until,
)
from chassis.datadir import DataDir
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from contracts.results.topics import HEAD_KEY, LIVE, SEQ_HEADER
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import Claims, issue
from engines.kafka.broker import pick_port

_SIZES: Final = (1_000, 8_000)
_ROW_BYTES: Final = 900
_GAP_S: Final = 0.3
"""Longer than the gateway's own pace, so that each frame goes to each client."""
_WARM: Final = 5
_IDLE_S: Final = 5.0
_COME_S: Final = 60.0

Hand = Callable[[int, int], None]
"""Hands frame `number` of `size` bytes to a server."""


def rows_of(number: int, size: int) -> list[dict[str, Any]]:
    """Rows of one frame, some `size` bytes of JSON in all; the last field of each is its mark."""
    filler = "x" * (_ROW_BYTES - 120)
    return [
        {"topic": "performance", "key": f"performance/unit/U{row}/1d", "level": "unit", "filler": filler, "mark": number}
        for row in range(max(size // _ROW_BYTES, 1))
    ]  # fmt: skip


class LiveWriter:
    """Writes frames to the topic `live`, as the region stage does."""

    def __init__(self, broker: str) -> None:
        self._producer = clients.blocking_producer(Cluster(broker), linger_ms=0)

    def hand(self, number: int, size: int) -> None:
        """Rows and their head."""
        for row in rows_of(number, size):
            self._send(row["key"], row, [(SEQ_HEADER, str(number).encode())])
        head = {"epoch": "bench", "seq": number, "as_of": None, "positions": {}}
        self._send(HEAD_KEY, head, [])
        self._producer.flush()

    def _send(self, key: str, value: object, headers: list[tuple[str, bytes]]) -> None:
        self._producer.send(
            LIVE, msgspec.json.encode(value), f"{REGION}|{key}".encode(), headers, partition=0
        )

    def close(self) -> None:
        """Ends it."""
        self._producer.close()


def _hand_bare(process: subprocess.Popen[bytes], number: int, size: int) -> None:
    assert process.stdin is not None
    frame = {"op": "delta", "from": number - 1, "seq": number, "gone": []}
    process.stdin.write(msgspec.json.encode(frame | {"rows": rows_of(number, size)}) + b"\n")
    process.stdin.flush()


class FrameServer(NamedTuple):
    """`token`: of its clients, None where it asks for none; `idle`: share of a core that it uses without clients."""

    pid: int
    url: str
    token: str | None
    hand: Hand
    idle: float


def _server(pid: int, url: str, token: str | None, hand: Hand) -> FrameServer:
    before = cpu_s(pid)
    time.sleep(_IDLE_S)
    return FrameServer(pid, url, token, hand, (cpu_s(pid) - before) / _IDLE_S)


async def _sent(server: FrameServer, first: int, size: int, count: int, frames: int) -> SendCost:
    async with FrameClients(server.url, count, server.token) as readers:

        async def some(numbers: range) -> None:
            for number in numbers:
                readers.starts(number)
                await asyncio.to_thread(server.hand, number, size)
                await asyncio.sleep(_GAP_S)
            await readers.has_come(_COME_S)

        await some(range(first, first + _WARM))
        readers.delays.clear()
        readers.frames = 0
        before, start = cpu_s(server.pid), time.monotonic()
        await some(range(first + _WARM, first + _WARM + frames))
        used = cpu_s(server.pid) - before - server.idle * (time.monotonic() - start)
        return SendCost(used / readers.frames * 1e6, tuple(readers.delays))


@contextmanager
def _gateway(place: Ground) -> Iterator[tuple[int, str]]:
    port = pick_port()
    environment = {"PANTAU_GATEWAY_PORT": str(port), "PANTAU_PROXIES": "127.0.0.1"}
    process = place.start(
        [sys.executable, "-m", "dashboard_ws.gateway"],
        place.worker_environment() | environment,
        "gateway",
    )
    try:
        until(partial(_answers, f"http://127.0.0.1:{port}/readyz"), 60, "the gateway is not ready")
        yield process.pid, f"ws://127.0.0.1:{port}/ws"
    finally:
        end(process)


@contextmanager
def _bare() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = pick_port()
    command = [sys.executable, "-m", "bench.gateway.bare_loop", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            until(partial(_answers, f"http://127.0.0.1:{port}"), 60, "the bare loop is not ready")
            yield process, f"ws://127.0.0.1:{port}"
        finally:
            end(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.TransportError:
        return False


def compare(place: Ground, counts: Sequence[int], frames: int) -> list[GatewayRow]:
    """Both, in turn, for each size and count."""
    claims = Claims("wall", "bench", "bench", made_ms=real_now_ms())
    token = issue(DataDir(place.home).key(), claims)
    found, first = [], 1
    with closing(LiveWriter(place.broker)) as live:
        live.hand(first, _SIZES[0])
        with _gateway(place) as (gateway, address), _bare() as (bare, bare_address):
            servers = (
                _server(gateway, address, token, live.hand),
                _server(bare.pid, bare_address, None, partial(_hand_bare, bare)),
            )
            for size in _SIZES:
                for count in counts:
                    first += frames + _WARM + 1
                    ours, theirs = (
                        asyncio.run(_sent(one, first, size, count, frames)) for one in servers
                    )
                    found.append(GatewayRow(size, count, ours, theirs))
    return found


def main() -> None:
    """Measures and writes docs/bench/gateway.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[200, 1_000])
    parser.add_argument("--frames", type=int, default=40)
    output_options(parser)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    where, when = machine(), rfc3339(real_now_ms())
    with ground(1, 100) as place:
        rows = compare(place, options.clients, options.frames)
    counts = " ".join(map(str, options.clients))
    command = f"python -m bench.gateway --clients {counts} --frames {options.frames}"
    publish(write(command, where, when, _GAP_S, options.frames, rows), "gateway.md", options)


if __name__ == "__main__":
    main()

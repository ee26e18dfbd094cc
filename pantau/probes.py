"""How a part is asked whether it lives and does its work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import httpx

from chassis.datadir import DataDir
from chassis.kafka import why_silent

_TIMEOUT_S: Final = 3.0


class Answer(NamedTuple):
    """`alive`: it answered at all; `ready`: it does its work; `reason`: why not."""

    alive: bool
    ready: bool
    reason: str = ""


READY: Final = Answer(True, True)
NOT_RUNNING: Final = Answer(False, False, "not running")

Probe = Callable[[int], Awaitable[Answer]]
"""Asks the part that runs as process `pid`."""


def _client() -> httpx.AsyncClient:
    # Kept as long as the probe: making one costs more than asking.
    return httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)


async def _get(client: httpx.AsyncClient, url: str) -> Answer:
    try:
        response = await client.get(url)
    except httpx.HTTPError as error:
        return Answer(False, False, f"no answer from {url} ({type(error).__name__})")
    if response.status_code == httpx.codes.OK:
        return READY
    try:
        reason = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        reason = f"HTTP {response.status_code} from {url}"
    return Answer(True, False, reason)


def http(url: str) -> Probe:
    """GET `url`: 200 is ready; a readyz body's `detail` is the reason."""

    client = _client()

    async def ask(_pid: int) -> Answer:
        return await _get(client, url)

    return ask


def run_file(data_dir: DataDir, service: str) -> Probe:
    """/readyz at the address that the service noted in run/<service>.json."""

    client = _client()

    async def ask(pid: int) -> Answer:
        run = data_dir.read_run(service)
        # The file of a process that was killed tells nothing of this one.
        if run is None or run.get("pid") != pid:
            return Answer(False, False, "has not opened its health port yet")
        return await _get(client, f"{run['health']}/readyz")

    return ask


def kafka(address: str) -> Probe:
    """The port is open and the cluster answers."""
    host, _, port = address.rpartition(":")

    async def ask(_pid: int) -> Answer:
        try:
            _reader, writer = await asyncio.wait_for(
                asyncio.open_connection(host, int(port)), _TIMEOUT_S
            )
        except OSError:
            return Answer(False, False, f"port {port} is not open yet")
        writer.close()
        reason = await why_silent(address)
        return READY if reason is None else Answer(True, False, reason)

    return ask

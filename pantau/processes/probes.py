"""How a part is asked whether it lives and does its work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from chassis.datadir import DataDir
from chassis.kafka.admin import why_silent
from chassis.kafka.cluster import Cluster

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


async def _get(url: str) -> Answer:
    try:
        async with (
            ClientSession(timeout=ClientTimeout(_TIMEOUT_S)) as session,
            session.get(url) as response,
        ):
            text = await response.text()
    except (ClientError, OSError) as error:
        return Answer(False, False, f"no answer from {url} ({type(error).__name__})")
    if response.status == HTTPStatus.OK:
        return READY
    try:
        reason = str(msgspec.json.decode(text, type=dict[str, Any])["detail"])
    except (msgspec.MsgspecError, KeyError):
        reason = f"HTTP {response.status} from {url}"
    return Answer(True, False, reason)


def http(url: str) -> Probe:
    """GET `url`: 200 is ready; a readyz body's `detail` is the reason."""

    async def ask(_pid: int) -> Answer:
        return await _get(url)

    return ask


def run_file(data_dir: DataDir, service: str) -> Probe:
    """/readyz at the address that the service noted in run/<service>.json."""

    async def ask(pid: int) -> Answer:
        run = data_dir.read_run(service)
        # The file of a process that was killed says nothing of this one.
        if run is None or run.get("pid") != pid:
            return Answer(False, False, "has not opened its health port yet")
        return await _get(f"{run['health']}/readyz")

    return ask


def kafka(cluster: Cluster) -> Probe:
    """The port is open and the cluster answers."""
    host, _, port = cluster.address.rpartition(":")

    async def ask(_pid: int) -> Answer:
        try:
            _reader, writer = await asyncio.wait_for(
                asyncio.open_connection(host, int(port)), _TIMEOUT_S
            )
        except OSError:
            return Answer(False, False, f"port {port} is not open yet")
        writer.close()
        reason = await why_silent(cluster)
        return READY if reason is None else Answer(True, False, reason)

    return ask

"""Devices that post as the contract asks them to: again and again until each line is judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from random import Random
from typing import Final

from contracts.time.clock import real_now_ms
from producers.device.ingest_client import DeviceClient
from tests.chaos.history import Device, Ledger, Line, Source

_PATIENCE_S: Final = 240.0
"""Within this a killed part is back and the batch is judged."""


async def post_for(
    seconds: float, url: str, tokens: dict[str, str], devices: list[Device], ledger: Ledger
) -> None:
    """All devices at once, each one batch after the other. Ends when every batch begun is judged."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for device in devices:
            group.create_task(_device(until, url, tokens[device.source.id], device, ledger))


async def _device(until: float, url: str, token: str, device: Device, ledger: Ledger) -> None:
    pace = Random(device.source.id)
    async with DeviceClient(url, token) as client:
        while time.monotonic() < until:
            lines = device.batch(real_now_ms())
            async with asyncio.timeout(_PATIENCE_S):
                result = await client.post([line.raw for line in lines])
            refused = {one.index: one.code for one in result.rejected}
            wanted = {at: line.code for at, line in enumerate(lines) if line.code}
            assert refused == wanted, (refused, wanted, [lines[at].raw for at in {*refused} ^ {*wanted}])  # fmt: skip
            assert not result.set_aside
            assert result.accepted == len(lines) - len(wanted)
            _note(ledger, device, lines)
            await asyncio.sleep(pace.expovariate(2.0))


def _note(ledger: Ledger, device: Device, lines: list[Line]) -> None:
    unit = device.source.id
    ledger.lines += len(lines)
    for line in lines:
        if not line.code:
            ledger.events.add((unit, line.id))
        if line.code or line.letter:
            ledger.letters[unit, line.code or line.letter] += 1


def devices(sources: Iterable[Source], seed: int) -> list[Device]:
    """One for each source."""
    return [Device(one, f"{seed}/{one.id}") for one in sources]

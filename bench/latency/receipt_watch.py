"""Follows some of the receipts: how long until one says that an event is in the windows, in ClickHouse and on a wall."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from bench.latency.device_load import Device
from bench.latency.latency_report import Followed
from contracts.receipts import ReceiptState

_ASK_S: Final = 0.025
_GIVE_UP_S: Final = 30.0
_STATED: Final[dict[str, Callable[[ReceiptState], bool]]] = {
    "windows": lambda state: state.windows,
    "clickhouse": lambda state: state.clickhouse,
    "walls": lambda state: state.walls > 0,
}


class ReceiptWatch:
    """Asks by connections of its own (`asking`, one of each unit of `posting`), one receipt at a time."""

    def __init__(self, posting: Sequence[Device], asking: Sequence[Device]) -> None:
        self._pairs = list(zip(posting, asking, strict=True))
        self._seconds: dict[str, list[float]] = {name: [] for name in _STATED}

    async def run(self) -> None:
        """Follow the devices' newest receipts in turn until cancelled. Raises `TimeoutError` if one stays behind."""
        while True:
            for device, asks in self._pairs:
                await self._follow(asks, *await device.next_answer())

    async def _follow(self, asks: Device, receipt: str, answered_s: float) -> None:
        waiting = dict(_STATED)
        await asks.connect()  # anew: ingest closes what was idle for a while
        async with asyncio.timeout(_GIVE_UP_S):
            while waiting:
                state = await asks.state(receipt)
                now_s = time.monotonic()
                for name in [name for name, is_stated in waiting.items() if is_stated(state)]:
                    self._seconds[name].append(now_s - answered_s)
                    del waiting[name]
                await asyncio.sleep(_ASK_S)
        asks.close()

    def followed(self) -> Followed:
        """All durations, seconds."""
        return Followed(**self._seconds)

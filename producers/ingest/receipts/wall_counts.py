"""How many walls show what: asked of the gateways, which alone know what they have sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec

from chassis import logs
from chassis.datadir import DataDir
from chassis.settings import Settings
from contracts.results.reached import ShownTo, WallsAnswer
from contracts.time.clock import real_now_ms
from contracts.tokens import issue, service_claims

_decode: Final = msgspec.json.Decoder(WallsAnswer).decode
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class GatewayPatience:
    """How the gateways are asked."""

    answer_s: float = 1.0
    """A gateway that takes longer counts as one without walls."""
    fresh_s: float = 0.3
    """An answer serves all receipts asked about for so long."""


def gateways_of(settings: Settings) -> Callable[[], Sequence[str]]:
    """What gives the gateways' base URLs now: those of the settings, else the one that runs on this data dir."""
    home = DataDir(settings.data_dir)

    def noted() -> Sequence[str]:
        run = home.read_run("gateway")
        return [] if run is None else [str(run["health"])]

    return noted if not settings.gateways else lambda: settings.gateways


class WallCounts:
    """Asks all gateways at once, a region at most every `GatewayPatience.fresh_s`."""

    def __init__(
        self,
        gateways: Callable[[], Sequence[str]],
        key: bytes,
        patience: GatewayPatience = GatewayPatience(),
    ) -> None:
        self._gateways = gateways
        self._key = key
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._answers: dict[str, tuple[float, asyncio.Task[list[ShownTo]]]] = {}

    async def shown(self, region: str) -> list[ShownTo]:
        """What the walls show of a region, as far as gateways answer."""
        at = time.monotonic()
        until, asking = self._answers.get(region, (0.0, None))
        if asking is None or (asking.done() and at >= until):
            asking = asyncio.create_task(self._ask_all(region))
            self._answers[region] = at + self._patience.fresh_s, asking
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask_all(self, region: str) -> list[ShownTo]:
        answers = await asyncio.gather(*(self._ask(url, region) for url in self._gateways()))
        return [one for answer in answers for one in answer]

    async def _ask(self, gateway: str, region: str) -> list[ShownTo]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(self._patience.answer_s)
            )
        token = issue(self._key, service_claims("ingest", real_now_ms()))
        try:
            async with self._session.get(
                f"{gateway.rstrip('/')}/v1/walls",
                params={"region": region},
                headers={"Authorization": f"Bearer {token}"},
                allow_redirects=False,
            ) as response:
                body = await response.read()
                if response.status != HTTPStatus.OK:
                    _log.warning("gateway does not tell its walls", status=response.status)
                    return []
                return _decode(body).shown
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            _log.warning("gateway does not tell its walls", error=type(error).__name__)
            return []

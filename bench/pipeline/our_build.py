"""Pantau as `pantau up` starts it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.ground import installation
from bench.http_connection import LoadConnection
from bench.pipeline.hops import HopReader
from bench.pipeline.part_costs import parts_of
from bench.pipeline.request_sender import RequestSender
from chassis.kafka.cluster import cluster_of
from pantau.installation import running_settings
from storage.clickhouse_client import open_writer

_ASK_S: Final = 0.25
_DRAIN_S: Final = 180.0


class OurBuild:
    """A running installation. `ready`: its ready line, with its `pid`."""

    name = "Pantau"

    def __init__(self, ready: dict[str, Any]) -> None:
        tokens = Path(ready["tokens"])
        self._url: str = ready["ingest"]
        self._tokens: dict[str, str] = json.loads(tokens.read_bytes())["devices"]
        self.parts = parts_of(ready["pid"])
        self.sender = RequestSender(self._url, self._tokens, plain=False)
        settings = running_settings(tokens.parents[1])
        self._client = open_writer(settings)
        home = tokens.parents[1] / "kafka" / "log"
        self.hops = HopReader(cluster_of(settings, "admin"), home, open_writer(settings))

    def drain(self, _events: int) -> None:
        """Waits until each unit's last receipt says that everything has it: rows of the areas and ClickHouse."""
        receipts = [
            (unit, json.loads(answer)["receipt"]) for unit, answer in self.sender.answers.items()
        ]
        asyncio.run(self._wait(receipts))

    async def _wait(self, receipts: list[tuple[str, str]]) -> None:
        async with asyncio.timeout(_DRAIN_S):
            for unit, receipt in receipts:
                connection = LoadConnection(self._url, self._tokens[unit])
                await connection.connect()
                while True:
                    state = json.loads(await connection.get(f"/v1/receipts/{receipt}"))
                    if state["windows"] and state["clickhouse"]:
                        break
                    await asyncio.sleep(_ASK_S)
                connection.close()

    def stored(self) -> int:
        """Events in ClickHouse, each once."""
        return int(self._client.query("SELECT count() FROM pantau.events").result_rows[0][0])


@contextmanager
def our_build() -> Iterator[OurBuild]:
    """An installation on an empty folder, on the real clock."""
    with installation("--dev-tokens", "--clock", "real") as ready:
        build = OurBuild(ready)
        try:
            yield build
        finally:
            build.hops.close()

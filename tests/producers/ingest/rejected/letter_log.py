"""Letters put on the topic, and asked for at a real ingest."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaSender
from contracts.results.table_rows import DeadLetterRow, LetterActionRow, encode_row
from contracts.results.topics import DEAD_LETTERS, TABLE_HEADER
from tests.producers.installation import Running, bearer


def say(served: Running, table: str, row: DeadLetterRow | LetterActionRow) -> None:
    async def send() -> None:
        sender = KafkaSender(Cluster(served.broker))
        await sender.open()
        headers = ((TABLE_HEADER, table.encode()),)
        await sender.send([OutgoingRecord(DEAD_LETTERS, encode_row(row), b"k", headers=headers)])
        await sender.close()

    asyncio.run(send())


def asked(served: Running, source: str, **given: Any) -> httpx.Response:
    return httpx.get(f"{served.url}/v1/rejected", headers=bearer(source), params=given)


def shown(served: Running, source: str) -> dict[str, dict[str, Any]]:
    answer = asked(served, source)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    return {one["id"]: one for one in answer.json()["rejected"]}


def wait_shown(served: Running, source: str, id_: str, there: bool = True) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while ((found := shown(served, source).get(id_)) is not None) is not there:
        assert time.monotonic() < deadline, (id_, found)
        time.sleep(0.05)
    return found or {}

"""Events and rows into ClickHouse: an insert a second into each table, then the offsets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import clickhouse_connect
from aiokafka import AIOKafkaConsumer

from bench.peers.plain.plain_settings import EVENTS, ROWS, PlainSettings

_COUNTERS: Final = (
    *("portions_cooked", "portions_received", "portions_eaten", "deliveries", "deliveries_over_4h"),
    *("leftover_g", "temp_readings", "temp_in_range", "events"),
)
_EVENT: Final = ("id", "source", "type", "subject", "time", "receivedtime", "data")
_ROW: Final = ("level", "area_id", "window", "window_start", "window_end", "version", *_COUNTERS)
TABLES: Final = (
    "CREATE DATABASE IF NOT EXISTS plain",
    "CREATE TABLE IF NOT EXISTS plain.events (id String, source LowCardinality(String), type LowCardinality(String), "
    "subject String, time DateTime64(3, 'UTC'), receivedtime DateTime64(3, 'UTC'), data String) "
    "ENGINE = ReplacingMergeTree ORDER BY (source, id)",
    "CREATE TABLE IF NOT EXISTS plain.rows (level LowCardinality(String), area_id String, window LowCardinality(String), "
    "window_start DateTime('UTC'), window_end DateTime('UTC'), version UInt64, "
    + ", ".join(f"{name} UInt64" for name in _COUNTERS)
    + ") ENGINE = ReplacingMergeTree(version) ORDER BY (level, area_id, window, window_end)",
)


def event_values(value: bytes) -> list[Any]:
    """One row of `plain.events`."""
    event = json.loads(value) | {}
    for name in ("time", "receivedtime"):
        event[name] = datetime.fromisoformat(event[name])
    event["data"] = json.dumps(event["data"])
    return [event.get(name) or "" for name in _EVENT]


def row_values(value: bytes) -> list[Any]:
    """One row of `plain.rows`."""
    row = json.loads(value)
    for name in ("window_start", "window_end"):
        row[name] = datetime.fromisoformat(row[name])
    return [row.get(name, 0) for name in _ROW]


async def run(settings: PlainSettings) -> None:
    """Runs until it is ended."""
    client = await clickhouse_connect.get_async_client(
        host=settings.clickhouse_host,
        port=settings.clickhouse_port,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password,
    )
    for statement in TABLES:
        await client.command(statement)
    consumer = AIOKafkaConsumer(
        EVENTS,
        ROWS,
        bootstrap_servers=settings.broker,
        group_id="plain-sink",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()

    async def insert(table: str, names: Sequence[str], some: list[list[Any]]) -> None:
        if some:
            await client.insert(f"plain.{table}", some, column_names=names)

    while True:
        polls = await consumer.getmany(timeout_ms=int(settings.row_s * 1000))
        records = [record for some in polls.values() for record in some]
        await insert(
            "events", _EVENT, [event_values(r.value) for r in records if r.topic == EVENTS]
        )
        await insert("rows", _ROW, [row_values(r.value) for r in records if r.topic == ROWS])
        if records:
            await consumer.commit()
            await asyncio.sleep(settings.row_s)


if __name__ == "__main__":
    asyncio.run(run(PlainSettings()))  # from the environment

"""The topic `alerts` of the shown generation, change by change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec

from chassis import logs
from chassis.kafka.interface import BROKER_ERRORS, Broker, LogRecord, Place
from contracts.events.lines import split
from contracts.results.table_rows import AlertChangeRow
from contracts.results.topics import TABLE_HEADER
from contracts.unreadable import UNREADABLE
from notices.notice_metrics import UNREADABLE_LINES

TABLE: Final = "alert_changes"
_AGAIN_S: Final = 2.0

_log = logs.get("notices.alerts")
_decode: Final = msgspec.json.Decoder(AlertChangeRow).decode


class AlertPoll(NamedTuple):
    """`is_first`: the log begins anew; `is_caught_up`: all that was committed when it began was read."""

    changes: list[AlertChangeRow]
    positions: dict[int, int]
    is_first: bool
    is_caught_up: bool


async def follow_alerts(broker: Broker, topic: str) -> AsyncGenerator[AlertPoll, None]:
    """All changes from the oldest on; from there again after an error of the broker. Never ends."""
    while True:
        try:
            async with broker.reader() as reader:
                places = [Place(topic, at) for at in range(await reader.partitions(topic))]
                is_first = True
                positions: dict[int, int] = {}
                async with aclosing(reader.follow(places)) as polls:
                    async for records, is_caught_up in polls:
                        changes = [one for record in records for one in changes_of(record)]
                        positions |= {one.partition: one.offset + 1 for one in records}
                        yield AlertPoll(changes, positions, is_first, is_caught_up)
                        is_first = False
        except BROKER_ERRORS as error:
            _log.warning("alerts not readable", error=str(error))
            await asyncio.sleep(_AGAIN_S)


def changes_of(record: LogRecord) -> Iterator[AlertChangeRow]:
    """Of one record; what is none is counted and left out."""
    if dict(record.headers).get(TABLE_HEADER) != TABLE.encode():
        return
    for line in split(record.value or b""):
        try:
            yield _decode(line)
        except UNREADABLE as error:
            UNREADABLE_LINES.inc()
            _log.warning("line is no change of an alert", offset=record.offset, error=str(error))

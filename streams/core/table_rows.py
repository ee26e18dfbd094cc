"""Rows that streams write for the sink beside the views: built by keyword, so that a wrong column fails here and not in ClickHouse.

Their fields are the columns of `contracts.results.tables.TABLES`, by name.
"""

from __future__ import annotations

import msgspec

from contracts.time.instant import rfc3339
from contracts.time.windows import GRACE_MS

encode_row = msgspec.json.Encoder().encode


class ExceptionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `exceptions`: a line that is no event of its own."""

    topic: str
    partition: int
    offset: int
    line: int
    verdict: str
    code: str


class EventStatusRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `event_status`: what corrections made of an event."""

    source: str
    id: str
    superseded_by: str
    retracted: int
    counts: int
    revision: int


class PositionRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `positions`: how far a stage has come with one input partition."""

    stream: str
    topic: str
    partition: int
    position: int
    watermark: str
    time: str

    @staticmethod
    def at(stream: str, topic: str, partition: int, position: int, time_ms: int) -> PositionRow:
        """The position whose newest record has `time_ms`, epoch ms on the region's clock."""
        return PositionRow(
            stream=stream,
            topic=topic,
            partition=partition,
            position=position,
            watermark=rfc3339(time_ms - GRACE_MS),
            time=rfc3339(time_ms),
        )


class DeadLetterRow(msgspec.Struct, kw_only=True, gc=False):
    """Table `dead_letters`: a line that was refused, with its reason."""

    letter_id: str
    received_at: str
    region: str
    unit_id: str
    code: str
    detail: str
    attempts: int
    topic: str
    partition: int
    offset: int
    line: int
    event_day: str | None
    key: str
    bytes: str

"""Event lines: every line of the event topics becomes one row of `raw_lines`, parsed once, here.

Whether an event is accepted is not decided here: that is the unit agent's verdict, which the view
`events` follows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from chassis.kafka.interface import ConsumedRecord
from contracts.events.checks import effective_received
from contracts.events.codes import Refusal
from contracts.events.decode import decode_lines, recorded_ms
from contracts.events.event_types import TYPE_OF, Event
from contracts.events.lines import split
from contracts.results.event_data import MOMENT_FIELDS, PERSON_FIELDS
from contracts.results.table_rows import encode_row
from contracts.results.topics import control_of
from contracts.time.clock import Clock, rfc3339
from contracts.time.instant import BadInstantError, epoch_ms
from sinks.batch import LinePlace, TableBatch, TableRow
from storage.schema import RAW_LINES
from storage.stored_rows import RawLine

_FIRST_MS: Final = epoch_ms("1971-01-01T00:00:00Z")
_LAST_MS: Final = epoch_ms("2100-01-01T00:00:00Z")
"""Times that a column can hold. Others are refused as too old or in the future in any case."""


# The same moments come again and again: a request has one stamp, `recorded_at` is mostly `time`.
_text = lru_cache(65_536)(rfc3339)


class EventLines:
    """Turns records of the event topics into rows.

    `key`: the installation's, which its control records are signed with. `clock` maps the broker's append time to the
    region's clock.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def land(self, record: ConsumedRecord, batch: TableBatch) -> None:
        """Add one row a line to `batch`. Signed control records (ticks, registry) hold no events; unsigned ones are a stranger's."""
        if control_of(self._key, record):
            return
        value = record.value or b""
        append_ms = self._clock.at(record.timestamp)
        append_at = _text(append_ms)
        for index, (line, event) in enumerate(zip(split(value), decode_lines(value), strict=True)):
            place = LinePlace(record.topic, record.partition, record.offset, index)
            shown = event.line if isinstance(event, Refusal) else line
            row = RawLine(
                topic=place.topic,
                partition=place.partition,
                offset=place.offset,
                line=place.line,
                append_at=append_at,
                value=shown.decode("utf-8", "backslashreplace"),
            )
            if not isinstance(event, Refusal):
                _fill(row, event, append_ms)
            batch.add(RAW_LINES.name, TableRow(place, encode_row(row)))


def _fill(row: RawLine, event: Event, append_ms: int) -> None:
    """Fill in what the event says; leave `row` unparsed if a time is none or no column holds it."""
    try:
        recorded = recorded_ms(event)
        moments = (event.time_ms, recorded, *_data_moments(event))
    except BadInstantError:
        return
    if not all(_FIRST_MS <= moment < _LAST_MS for moment in moments):
        return
    row.parsed = 1
    row.region, row.unit_kind, row.unit_id = event.origin
    row.source = event.source
    row.id = event.id
    row.type = TYPE_OF[type(event)]
    row.subject = event.subject or ""
    row.time = _text(event.time_ms)
    row.recorded_at = _text(recorded)
    row.received_at = _text(effective_received(event.received_ms, append_ms))
    row.supersedes = event.supersedes or ""
    row.data = event.data
    row.person = next(
        (getattr(event.data, name) for name in PERSON_FIELDS if hasattr(event.data, name)), ""
    )


def _data_moments(event: Event) -> list[int]:
    """The times in `data`, each rewritten in UTC, cut to the millisecond as all rules read it.

    Raises `BadInstantError`.
    """
    found: list[int] = []
    data: Any = event.data
    for name in MOMENT_FIELDS[type(event)]:
        written = getattr(data, name)
        if written is not msgspec.UNSET:
            found.append(epoch_ms(written))
            setattr(data, name, _text(found[-1]))
    return found

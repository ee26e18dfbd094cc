"""Lines that are no event of their own: exceptions for the sink, dead letters for people."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Final, NamedTuple

from contracts.events.codes import Code, Refusal
from contracts.events.decode import origin_of
from contracts.events.event_types import Event
from contracts.events.lines import split
from contracts.events.nik import redact_nik
from contracts.registry.entities import Registry
from contracts.results.table_rows import (
    LETTERS_IN_FULL,
    DeadLetterRow,
    ExceptionRow,
    encode_row,
    more_refused,
)
from contracts.results.topics import DEAD_LETTERS, VERDICTS
from contracts.time.days import day_to_iso
from contracts.time.instant import rfc3339
from streams.core.fold import Record
from streams.core.history.facts import Fact, Raw
from streams.core.table_records import TableRecords

_KEY_BYTES: Final = 1024


def _stored_key(key: bytes) -> bytes:
    """Whoever may write to the topic chooses the key: one of a megabyte would make a letter, or state, greater than a record."""
    safe = redact_nik(key)
    if len(safe) <= _KEY_BYTES:
        return safe
    note = (
        f"... (first {_KEY_BYTES} of {len(safe)} bytes, SHA-256 {hashlib.sha256(safe).hexdigest()})"
    )
    return safe[:_KEY_BYTES] + note.encode()


class _Refused(NamedTuple):
    """The line that was refused; `day`: local day of its event, ISO."""

    received_ms: int
    region: str
    unit: str
    day: str | None
    raw: Raw


class DeadLetters:
    """Writes the exceptions and dead letters of one input partition."""

    def __init__(self, topic: str, partition: int, tables: TableRecords) -> None:
        self._topic = topic
        self._partition = partition
        self._tables = tables
        self.registry = Registry(())
        # A record of many lines is taken apart once, however many of them are asked for.
        self._opened: Record | None = None
        self._opened_lines: list[bytes] = []
        self.in_full = 0
        """Lines of this record that have a letter of their own. Above 0 the record's end is to be taken by `end`."""
        self._more: list[Code] = []
        self._first_more = 0

    def raw(self, record: Record, line: int, value: bytes = b"") -> Raw:
        """A line of a record as it came, or with `value` for its bytes (one whose NIK is replaced)."""
        if not value:
            if self._opened is not record:
                self._opened, self._opened_lines = record, split(record.value)
            value = self._opened_lines[line]
        return Raw(record.offset, line, _stored_key(record.key), value)

    def refuse(
        self, record: Record, line: int, refusal: Refusal, event: Event | None = None
    ) -> None:
        """The line is refused: an exception and a dead letter."""
        self._line(record, line, refusal, event)
        self.exception(record, line, "refused", refusal.code)

    def conflict(self, record: Record, line: int, event: Event) -> None:
        """The line has the source and id of an earlier event, and another content."""
        detail = "an event of this id came before and says something else: correct it with supersedes and a new id"
        refusal = Refusal(Code.CONFLICT, detail, id=event.id, source=event.source)
        self._line(record, line, refusal, event)
        self.exception(record, line, "conflict", Code.CONFLICT)

    def exception(self, record: Record, line: int, verdict: str, code: str) -> None:
        """The line is no event of its own."""
        row = ExceptionRow(
            topic=self._topic,
            partition=self._partition,
            offset=record.offset,
            line=line,
            verdict=verdict,
            code=code,
        )
        self._tables.add(VERDICTS, "exceptions", encode_row(row))

    def end(self, record: Record) -> None:
        """Every line of `record` is taken: one letter counts those that have none of their own."""
        if self._more:
            detail = more_refused(self._more, f"the record, from line {self._first_more} on")
            refused = _Refused(
                record.time_ms,
                "",
                "",
                None,
                Raw(record.offset, self._first_more, _stored_key(record.key), b""),
            )
            self._letter(refused, Refusal(Code.MORE_REFUSED, detail))
            self._more = []
        self.in_full = 0

    def wrong_correction(self, fact: Fact, refusal: Refusal, event: Event) -> None:
        """An accepted event turned out to correct what it cannot. `event`: any of its source."""
        if fact.raw is None:
            raise LookupError(
                f"state holds {fact.id} without its line: it is of an older version, rebuild with `pantau replay`"
            )
        region, _, unit = event.origin
        refused = _Refused(fact.received, region, unit, self._day(region, fact.time), fact.raw)
        self._letter(refused, refusal)

    def _line(self, record: Record, line: int, refusal: Refusal, event: Event | None) -> None:
        if self.in_full == LETTERS_IN_FULL:
            # A megabyte of blank lines would make letters of a hundred times its size, in one transaction.
            self._first_more = self._first_more if self._more else line
            self._more.append(refusal.code)
            return
        self.in_full += 1
        region, unit, day = "", "", None
        if event is not None:
            region, _, unit = event.origin
            day = self._day(region, event.time_ms)
        elif refusal.source is not None:
            region, unit = self._known(refusal.source)
        raw = self.raw(record, line, refusal.line)
        self._letter(_Refused(record.time_ms, region, unit, day, raw), refusal)

    def _known(self, source: str) -> tuple[str, str]:
        """Region and unit that a source names, if the registry has them: any other text may be somebody's data."""
        try:
            region, _, unit = origin_of(source)
        except ValueError:
            return "", ""
        return (region, unit) if self.registry.region_of_source(unit) == region else ("", "")

    def _day(self, region: str, time_ms: int) -> str | None:
        if region not in self.registry.codes:
            return None
        return day_to_iso(self.registry.local_day(region, time_ms))

    def _letter(self, refused: _Refused, refusal: Refusal) -> None:
        raw = refused.raw
        identity = (
            f"{self._topic}/{self._partition}/{raw.offset}/{raw.line}/{refusal.code}/{refusal.id}"
        )
        row = DeadLetterRow(
            letter_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
            received_at=rfc3339(refused.received_ms),
            region=refused.region,
            unit_id=refused.unit,
            code=refusal.code,
            detail=refusal.detail,
            attempts=1,
            topic=self._topic,
            partition=self._partition,
            offset=raw.offset,
            line=raw.line,
            event_day=refused.day,
            key=b64encode(raw.key).decode(),
            bytes=b64encode(raw.value).decode(),
        )
        self._tables.add(DEAD_LETTERS, "dead_letters", encode_row(row), partition=0)

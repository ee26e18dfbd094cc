"""What is said of lines that are no event of their own: exceptions for the sink, dead letters for people."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import msgspec

from contracts.codes import Code, Refusal
from contracts.days import day_to_iso
from contracts.events import Event
from contracts.instant import rfc3339
from contracts.lines import split
from contracts.registry import Registry
from contracts.topics import DEAD_LETTERS, VERDICTS
from streams.core.messages import Record, TableLines

_json = msgspec.json.Encoder().encode


class Letters:
    """Writes them for one input partition."""

    def __init__(self, topic: str, partition: int, lines: TableLines) -> None:
        self._topic = topic
        self._partition = partition
        self._lines = lines
        self.registry = Registry(())

    def refuse(
        self, record: Record, line: int, refusal: Refusal, event: Event | None = None
    ) -> None:
        """The line is refused: an exception and a dead letter."""
        self.letter(record, line, refusal, event)
        self.exception(record, line, "refused", refusal.code)

    def conflict(self, record: Record, line: int, event: Event) -> None:
        """The line is a copy that says something else."""
        detail = "an event of this id came before and says something else: correct it with supersedes and a new id"
        refusal = Refusal(Code.CONFLICT, detail, id=event.id, source=event.source)
        self.letter(record, line, refusal, event)
        self.exception(record, line, "conflict", Code.CONFLICT)

    def exception(self, record: Record, line: int, verdict: str, code: str) -> None:
        """The line is no event of its own."""
        row = self._place(record, line) | {"verdict": verdict, "code": code}
        self._lines.add(VERDICTS, "exceptions", _json(row))

    def letter(self, record: Record, line: int, refusal: Refusal, event: Event | None) -> None:
        """A dead letter: the bytes, the key and the reason."""
        region, unit, event_day = "", "", None
        if event is not None:
            region, _, unit = event.origin
            if region in self.registry.codes:
                event_day = day_to_iso(self.registry.local_day(region, event.time_ms))
        identity = (
            f"{self._topic}/{self._partition}/{record.offset}/{line}/{refusal.code}/{refusal.id}"
        )
        row = {
            "letter_id": hashlib.sha256(identity.encode()).hexdigest()[:32],
            "received_at": rfc3339(record.time_ms),
            "region": region,
            "unit_id": unit,
            "code": refusal.code,
            "detail": refusal.detail,
            "attempts": 1,
            **self._place(record, line),
            "event_day": event_day,
            "key": b64encode(record.key).decode(),
            "bytes": b64encode(refusal.line or split(record.value)[line]).decode(),
        }
        self._lines.add(DEAD_LETTERS, "dead_letters", _json(row), 0)

    def _place(self, record: Record, line: int) -> dict[str, Any]:
        return {
            "topic": self._topic,
            "partition": self._partition,
            "offset": record.offset,
            "line": line,
        }

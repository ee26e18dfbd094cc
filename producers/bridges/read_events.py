"""What a bridge makes of its input: event lines, and what is wrong, by row."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from contracts.events.codes import Refusal
from contracts.events.decode import decode_line

_NAMESPACE: Final = uuid.UUID("6f1d0a8e-5d0b-5a51-9f0e-2b7f1c3a4d55")
_canonical: Final = msgspec.json.Encoder(order="sorted")
_encode: Final = msgspec.json.Encoder().encode


class Fault(NamedTuple):
    """What is wrong with a row, or what was assumed of it. `row`: as an editor or Excel counts, from 1."""

    row: int
    what: str


@dataclass(slots=True)
class ReadEvents:
    """`lines`: valid events, in the order of their rows; `faults`: rows that make none; `notes`: rows that do, and what was assumed."""

    lines: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def event_id(event: dict[str, Any]) -> str:
    """An id that follows from what the event says: the same statement read twice is the same event."""
    content = {name: value for name, value in event.items() if name != "id"}
    return str(uuid.uuid5(_NAMESPACE, _canonical.encode(content).decode()))


def add_event(found: ReadEvents, row: int, event: dict[str, Any]) -> None:
    """Add `event`, its id made where it has none, or the fault that ingest would find by itself."""
    event = {"specversion": "1.0"} | event
    event.setdefault("id", event_id(event))
    line = _encode(event)
    item = decode_line(line)
    if isinstance(item, Refusal):
        found.faults.append(Fault(row, f"{item.code}: {item.detail}"))
    else:
        found.lines.append(line)


def read_lines(lines: Iterable[bytes], source: str) -> ReadEvents:
    """Events from JSON lines. `source`: of those that name none. What a line leaves out (`specversion`, `id`) is added."""
    found = ReadEvents()
    for row, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            found.faults.append(Fault(row, "not_json: one JSON object a line is needed"))
            continue
        if source:
            event.setdefault("source", source)
        add_event(found, row, event)
    return found

"""The truth beside the simulated days: truth/<day>.jsonl in the data dir, what every unit stated and when ingest had it.

Two kinds of lines, in any order:

    {"specversion": "1.0", "id": ...}                                    an event as it was sent; its `time` lies on the day
    {"unit": ..., "ids": [...], "posted_ms": ..., "acknowledged_ms": ...} ingest has accepted these events of the unit

Times of acknowledgement are the region's clock: ingest stamped `receivedtime` somewhere between the two. Events are noted before they
are sent (and so before they happen); heartbeats are not. An event without acknowledgement has not arrived. What a kill cut off in the
middle of a line is passed over: the fact is made, and noted, again.

This file is also the devices' durable outbox: after a restart, what is acknowledged is not sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.events.event_types import (
    AttendanceReported,
    CookingFinished,
    DeliveryChecked,
    DeliveryReceived,
    DispatchDeparted,
    Event,
    MealEaten,
)

_EVENT: Final = b'{"specversion"'
FIGURES: Final = ("portions_cooked", "portions_dispatched", "portions_received", "portions_eaten")
RECEPTION: Final = ("confirmed", "refused", "present")

Key = tuple[str, str]
"""Unit id, event id."""


class Acknowledged(msgspec.Struct, frozen=True):
    """Ingest has accepted the events `ids` of `unit`. Region's clock, milliseconds."""

    unit: str
    ids: tuple[str, ...]
    posted_ms: int
    acknowledged_ms: int


_decode_ack: Final = msgspec.json.Decoder(Acknowledged)


@dataclass(slots=True)
class TruthRecord:
    """One day's file, read. `arrived`: when an event was posted and acknowledged, the first time."""

    events: dict[Key, Event] = field(default_factory=dict)
    arrived: dict[Key, tuple[int, int]] = field(default_factory=dict)

    def counting(self, up_to_received_ms: int | None = None) -> Iterator[tuple[Key, Event]]:
        """What counts of that which was acknowledged up to a moment (None: of all that was stated), corrections applied."""
        known = {
            key: event
            for key, event in self.events.items()
            if up_to_received_ms is None or self._acknowledged_ms(key) <= up_to_received_ms
        }
        # A device corrects an event once, and a correction never: what is named no longer counts.
        replaced = {(key[0], event.supersedes) for key, event in known.items() if event.supersedes}
        yield from ((key, event) for key, event in known.items() if key not in replaced)

    def uncertain(self, up_to_received_ms: int) -> int:
        """Events under way at that moment: ingest may have had them or not."""
        return sum(
            posted <= up_to_received_ms < done
            for key, (posted, done) in self.arrived.items()
            if key in self.events
        )

    def _acknowledged_ms(self, key: Key) -> float:
        return self.arrived.get(key, (0, float("inf")))[1]


def read(path: Path) -> TruthRecord:
    """A day's file; empty if there is none."""
    record = TruthRecord()
    if not path.exists():
        return record
    with path.open("rb") as file:
        for line in file:
            if line.startswith(_EVENT):
                event = decode_line(line)
                if not isinstance(event, Refusal):
                    record.events[event.origin.unit_id, event.id] = event
                continue
            try:
                ack = _decode_ack.decode(line)
            except msgspec.DecodeError:
                continue
            for id_ in ack.ids:
                record.arrived.setdefault((ack.unit, id_), (ack.posted_ms, ack.acknowledged_ms))
    return record


def totals(path: Path, up_to_received_ms: int | None = None) -> dict[str, Any]:
    """Sums of a day's file over what ingest had accepted up to a moment of the region's clock (None: over all that happens).

    `{"regions": {code: figures}, "kitchens": {unit id: figures}, "reception": {code: counts}, "uncertain": n}`
    with `figures` = `FIGURES` of the contract, portions, and `counts` = `RECEPTION`, as the recipients say.
    `uncertain`: events that were under way just then; where it is not 0, ingest may have had them already.
    """
    return sums(read(path), up_to_received_ms)


def sums(record: TruthRecord, up_to_received_ms: int | None = None) -> dict[str, Any]:
    """`totals` of a file that has been read."""
    regions: dict[str, dict[str, int]] = {}
    kitchens: dict[str, dict[str, int]] = {}
    reception: dict[str, dict[str, int]] = {}
    for _, event in record.counting(up_to_received_ms):
        for what, number in _received_by_recipients(event):
            counts = reception.setdefault(event.origin.region, dict.fromkeys(RECEPTION, 0))
            counts[what] += number
        figure, portions = _figure(event)
        if figure:
            for of, name in ((regions, event.origin.region), (kitchens, event.origin.unit_id)):
                of.setdefault(name, dict.fromkeys(FIGURES, 0))[figure] += portions
    under_way = 0 if up_to_received_ms is None else record.uncertain(up_to_received_ms)
    return {
        "regions": regions,
        "kitchens": kitchens,
        "reception": reception,
        "uncertain": under_way,
    }


def _received_by_recipients(event: Event) -> Iterator[tuple[str, int]]:
    match event:
        case DeliveryChecked():
            yield "confirmed", event.data.portions
            yield "refused", event.data.refused
        case AttendanceReported():
            yield "present", sum(event.data.present.values())
        case _:
            return


def _figure(event: Event) -> tuple[str, int]:
    match event:
        case CookingFinished():
            return "portions_cooked", event.data.portions
        case DispatchDeparted():
            return "portions_dispatched", event.data.portions
        case DeliveryReceived():
            return "portions_received", event.data.portions
        case MealEaten():
            return "portions_eaten", sum(event.data.eaten.values())
        case _:
            return "", 0

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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec

from chassis.datadir import DataDir
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
from producers.simulator.events.event_lines import HEARTBEAT, DeviceEvent, day_of

_OPEN_FILES: Final = 8
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


class Truth:
    """Writes the files of a data dir, and knows what they hold of the days it was asked about. One process at a time."""

    def __init__(self, home: DataDir) -> None:
        self._folder = home.path / "truth"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, IO[bytes]] = {}
        self._known: dict[str, tuple[set[Key], set[Key]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def path(self, day: str) -> Path:
        """File of a local day (ISO)."""
        return self._folder / f"{day}.jsonl"

    def note(self, unit_id: str, events: Iterable[DeviceEvent]) -> None:
        """What a unit says, unless it is noted already."""
        lines: dict[str, list[bytes]] = {}
        for one in events:
            if one.rank != HEARTBEAT:
                day = day_of(one.id)
                noted, _ = self._of(day)
                if (unit_id, one.id) not in noted:
                    noted.add((unit_id, one.id))
                    lines.setdefault(day, []).append(one.line)
        for day, some in lines.items():
            self._append(day, some)

    def has_arrived(self, unit_id: str, one: DeviceEvent) -> bool:
        """True if ingest has accepted it."""
        return (unit_id, one.id) in self._of(day_of(one.id))[1]

    def acknowledge(
        self, unit_id: str, events: Sequence[DeviceEvent], posted_ms: int, acknowledged_ms: int
    ) -> None:
        """Ingest has accepted these."""
        ids: dict[str, list[str]] = {}
        for one in events:
            if one.rank != HEARTBEAT and not self.has_arrived(unit_id, one):
                ids.setdefault(day_of(one.id), []).append(one.id)
        for day, some in ids.items():
            self._of(day)[1].update((unit_id, id_) for id_ in some)
            ack = Acknowledged(unit_id, tuple(some), posted_ms, acknowledged_ms)
            self._append(day, [msgspec.json.encode(ack)])

    def forget_before(self, day: str) -> None:
        """Let go of what is known of the days before `day` (ISO): nothing of them is sent any more."""
        for old in [one for one in self._known if one < day]:
            del self._known[old]
        for old in [one for one in self._files if one < day]:
            self._files.pop(old).close()

    def _of(self, day: str) -> tuple[set[Key], set[Key]]:
        known = self._known.get(day)
        if known is None:
            record = read(self.path(day))
            known = self._known[day] = (set(record.events), set(record.arrived))
        return known

    def _append(self, day: str, lines: Sequence[bytes]) -> None:
        file = self._files.get(day)
        if file is None:
            if len(self._files) >= _OPEN_FILES:
                self._files.pop(min(self._files)).close()
            file = self._files[day] = self.path(day).open("ab")
            if file.tell():
                # Behind whatever a kill has left half written.
                file.write(b"\n")
        file.write(b"\n".join(lines) + b"\n")
        file.flush()

"""What stage one tells stage two: the messages of `region.feed`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from contracts.results.topics import MAX_RECORD_BYTES
from streams.core.metrics.parts import ClinicPart, CoveragePart, Eaten, KitchenPart
from streams.core.windowing.row_writer import Row


class Contribution(msgspec.Struct, array_like=True, gc=False, tag=1):
    """All that one unit's pane holds now: absolute, so a repeated one changes nothing. `clinic` or `sums` is set."""

    unit: str
    pane: int
    sums: tuple[int, ...] | None = None
    minutes: dict[int, int] | None = None
    groups: Eaten | None = None
    measured: list[tuple[str, int, str, str, int]] | None = None
    immunized: dict[str, int] | None = None
    mothers: dict[str, int] | None = None
    anaemic: dict[str, int] | None = None
    doses: int = 0
    cases: int = 0

    @staticmethod
    def of_kitchen(unit: str, pane: int, part: KitchenPart, eaten: Eaten | None) -> Contribution:
        """Of a kitchen's pane."""
        minutes = Counter(part.minutes) if part.minutes else None
        return Contribution(unit, pane, part.sums, minutes, eaten)

    @staticmethod
    def of_clinic(unit: str, pane: int, part: ClinicPart) -> Contribution:
        """Of a clinic's pane."""
        measured = [
            (child, *measurement)
            for child, history in part.measured.items()
            for measurement in history
        ]
        return Contribution(
            unit,
            pane,
            measured=measured,
            immunized=part.immunized,
            mothers=part.mothers,
            anaemic=part.anaemic,
            doses=part.doses,
            cases=part.cases,
        )

    def kitchen(self) -> KitchenPart | None:
        """The kitchen's part, or None for a clinic."""
        if self.sums is None:
            return None
        return KitchenPart.of(self.sums, list(Counter(self.minutes).elements()))

    def coverage(self) -> CoveragePart:
        """What was eaten."""
        part = CoveragePart()
        for group, recipients in (self.groups or {}).items():
            for recipient, portions in recipients.items():
                part.put(group, recipient, portions)
        return part

    def clinic(self) -> ClinicPart:
        """The clinic's part."""
        part = ClinicPart()
        for child, time, source, event_id, flags in self.measured or ():
            part.measure(child, (time, source, event_id, flags), 1)
        part.immunized = self.immunized or {}
        part.mothers = self.mothers or {}
        part.anaemic = self.anaemic or {}
        part.doses, part.cases = self.doses, self.cases
        return part


class LiveRow(msgspec.Struct, array_like=True, gc=False, tag=2):
    """A unit's row of its newest begun window, for the live map."""

    row: Row


class Heard(msgspec.Struct, array_like=True, gc=False, tag=3):
    """A unit was heard: the greatest receivedtime of its events, epoch ms."""

    unit: str
    kind: str
    received: int


class RegistryRows(msgspec.Struct, array_like=True, gc=False, tag=4):
    """A region's registry as the unit agent now has it. `since`: time of the record that brought it, epoch ms."""

    encoded: bytes
    since: int = 0


class FeedBatch(msgspec.Struct, array_like=True, gc=False):
    """Part of a unit agent's flush for one region partition. `time_ms` is 0 but in the last part: only then is everything up to it in."""

    source: str
    position: int
    time_ms: int
    items: Sequence[msgspec.Raw]


FeedItem = Contribution | LiveRow | Heard | RegistryRows
encode = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(FeedBatch).decode
decode_item = msgspec.msgpack.Decoder(FeedItem).decode
decode_contribution = msgspec.msgpack.Decoder(Contribution).decode


def feed_records(source: str, position: int, time_ms: int, items: list[Any]) -> Iterator[bytes]:
    """Packs a flush's items into values of `region.feed`, each under the record limit; there is always a
    last one, which carries the time.
    """
    value = encode(FeedBatch(source, position, time_ms, items))
    if len(value) <= MAX_RECORD_BYTES or len(items) == 1:
        yield value
        return
    half = len(items) // 2
    yield from feed_records(source, position, 0, items[:half])
    yield from feed_records(source, position, time_ms, items[half:])

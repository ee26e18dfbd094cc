"""What stage one sends to stage two: the messages of `region.feed`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from contracts.results.topics import MAX_RECORD_BYTES
from streams.core.metrics.clinic import ClinicSum
from streams.core.metrics.coverage import CoverageSum, Eaten
from streams.core.metrics.kitchen import KitchenSum
from streams.core.metrics.reception import Checks, ReceptionSum
from streams.core.watched_event import UncountedEvent, WatchedEvent
from streams.core.windowing.row_writer import ViewRow


class Contribution(msgspec.Struct, array_like=True, gc=False, tag=1):
    """All that one unit's pane holds now: absolute, so a repeated one changes nothing.

    `sums` is set for a kitchen's alone, `measured` for a clinic's, `reported` for a recipient's. `checks`: kitchen -> what
    the recipient found of its deliveries; `reported`: see `ReceptionSum`; `attendance`: day and report;
    `declined`: day, group, registered, how often. New fields go to the end: stored ones lack them.
    """

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
    counted: int = 0
    checks: dict[str, Checks] | None = None
    reported: tuple[int, ...] | None = None
    attendance: list[tuple[int, int, str, int, int]] | None = None
    declined: list[tuple[int, str, int, int]] | None = None

    @staticmethod
    def of_kitchen(unit: str, pane: int, total: KitchenSum, eaten: Eaten | None) -> Contribution:
        """Of a kitchen's pane."""
        minutes = Counter(total.minutes) if total.minutes else None
        return Contribution(unit, pane, total.sums, minutes, eaten)

    @staticmethod
    def of_clinic(unit: str, pane: int, total: ClinicSum) -> Contribution:
        """Of a clinic's pane."""
        measured = [
            (child, *measurement)
            for child, history in total.measured.items()
            for measurement in history
        ]
        return Contribution(
            unit,
            pane,
            measured=measured,
            immunized=total.immunized,
            mothers=total.mothers,
            anaemic=total.anaemic,
            doses=total.doses,
            cases=total.cases,
            counted=total.counted,
        )

    @staticmethod
    def of_recipient(
        recipient: str, pane: int, total: ReceptionSum, checks: dict[str, Checks]
    ) -> Contribution:
        """Of a recipient's pane. `checks`: by kitchen, zeros among them."""
        attendance = [
            (day, *report) for (_, day), reports in total.attendance.items() for report in reports
        ]
        declined = [
            (day, group, registered, count)
            for ((_, day, group), registered), count in total.declined.items()
        ]
        return Contribution(
            recipient,
            pane,
            checks=checks,
            reported=total.reported,
            attendance=attendance,
            declined=declined,
        )

    def kitchen(self) -> KitchenSum | None:
        """The kitchen's sum, or None for another's."""
        if self.sums is None:
            return None
        counts = (self.minutes or {}).items()
        return KitchenSum.of(self.sums, [minute for minute, n in counts for _ in range(n)])

    def coverage(self) -> CoverageSum:
        """What was eaten, as a sum."""
        total = CoverageSum()
        for group, recipients in (self.groups or {}).items():
            for recipient, portions in recipients.items():
                total.put(group, recipient, portions)
        return total

    def clinic(self) -> ClinicSum | None:
        """The clinic's sum, or None for another's."""
        if self.measured is None:
            return None
        total = ClinicSum()
        for child, time, source, event_id, flags in self.measured:
            total.measure(child, {(time, source, event_id, flags): 1}, 1)
        total.immunized = self.immunized or {}
        total.mothers = self.mothers or {}
        total.anaemic = self.anaemic or {}
        total.doses, total.cases, total.counted = self.doses, self.cases, self.counted
        return total

    def reception(self) -> ReceptionSum | None:
        """The recipient's sum, or None for a unit."""
        if self.reported is None:
            return None
        total = ReceptionSum()
        total.reported = self.reported
        if total.events:
            total.reporters[self.unit] = total.events
        for checks in (self.checks or {}).values():
            total.add_checks(checks, 1)
        for day, recorded, event_id, present, absent_ill in self.attendance or ():
            total.attend((self.unit, day), {(recorded, event_id, present, absent_ill): 1}, 1)
        for day, group, registered, count in self.declined or ():
            total.decline((self.unit, day, group), registered, count)
        return total


class LiveRow(msgspec.Struct, array_like=True, gc=False, tag=2):
    """A unit's row of its newest begun window, for the live map."""

    row: ViewRow


class LastReceived(msgspec.Struct, array_like=True, gc=False, tag=3):
    """A receivedtime of a unit's events, epoch ms: the greatest, or one around which a minute or more lies."""

    unit: str
    kind: str
    received: int


class RegistrySnapshot(msgspec.Struct, array_like=True, gc=False, tag=4):
    """A region's registry as the unit agent now has it. `since`: time of the record that brought it, epoch ms."""

    encoded: bytes
    since: int = 0


class CommandReceived(msgspec.Struct, array_like=True, gc=False, tag=7):
    """A command (`contracts.commands`). `time_ms`: when it was given, epoch ms on the region's clock."""

    time_ms: int
    value: bytes


class FeedBatch(msgspec.Struct, array_like=True, gc=False):
    """Part of a unit or command fold's flush for one partition of `region.feed`.

    `source`: topic/partition of the fold's input; `time_ms`: 0 but in the last part: only then is everything up
    to it in. `has_all`: in the last part, whether all its rows are in, those of several days too.
    """

    source: str
    position: int
    time_ms: int
    items: Sequence[msgspec.Raw]
    has_all: bool = False


FeedItem = (
    Contribution
    | LiveRow
    | LastReceived
    | RegistrySnapshot
    | WatchedEvent
    | UncountedEvent
    | CommandReceived
)
encode = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(FeedBatch).decode
decode_item = msgspec.msgpack.Decoder(FeedItem).decode
decode_contribution = msgspec.msgpack.Decoder(Contribution).decode


def feed_records(
    source: str, position: int, time_ms: int, items: list[Any], has_all: bool = False
) -> Iterator[bytes]:
    """Packs a flush's items into values of `region.feed`, each under the record limit; there is always a
    last one, which carries the time.
    """
    value = encode(FeedBatch(source, position, time_ms, items, has_all))
    if len(value) <= MAX_RECORD_BYTES or len(items) == 1:
        yield value
        return
    half = len(items) // 2
    yield from feed_records(source, position, 0, items[:half])
    yield from feed_records(source, position, time_ms, items[half:], has_all)

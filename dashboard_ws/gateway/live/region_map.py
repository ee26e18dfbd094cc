"""One region's live map: key -> row, each with the seq at which it last changed, and the removed keys.

A position is (epoch, seq). Both come from the stream, so two gateways agree on them and a client
may go on at another. For any position that it can still answer for, the map says what changed
after it: the rows with a greater seq, and the tombstones with a greater seq. Nothing else is stored:
memory is bounded by the keys, not by the rate or by how long a client was away.

`floor`: tombstones at or below it may have been forgotten, so a position before it gets a snapshot.
Pure: times are the broker's append times, which come with the frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from contracts.unreadable import UNREADABLE
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.live.masking import for_public

TOMBSTONE_MS: Final = 600_000
"""Tombstones are retained for 10 minutes."""
MAX_TOMBSTONES: Final = 50_000
_MOST: Final = 0.5
"""A delta of more than this share of the map is a snapshot in disguise, and is sent as one."""


class MapPosition(msgspec.Struct, frozen=True):
    """Where a reader stands in a region's stream. A Struct: it is part of a key that is asked for with each frame and client."""

    epoch: str
    seq: int


class Change(msgspec.Struct, frozen=True, gc=False):
    """The last that a frame says of a key: `body` is the row's JSON, None that it was removed.

    `topic`, `level`: as in the row; empty for one that was removed or has no level.
    """

    seq: int
    body: bytes | None
    topic: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One flush of the stream, complete. `time_ms`: append time of its head.

    `floor`: the reader that built it cannot vouch for tombstones at or below (0: for all it can).
    `as_of`: the region's clock up to which all received events are in, changed or not.
    `positions`: of each input partition of events (`topic/partition`), the offset before which all are in.
    """

    epoch: str
    seq: int
    changes: Mapping[str, Change]
    time_ms: int = 0
    floor: int = 0
    as_of: str | None = None
    positions: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """What a map holds under one seq: see `Frame`. A later frame that changes no row changes this one in place."""

    as_of: str | None = None
    positions: Mapping[str, int] = field(default_factory=dict)


class Filter(msgspec.Struct, frozen=True):
    """What a client wants. `levels` None: all. Rows without a level (alerts) pass any `levels`."""

    topics: frozenset[str]
    levels: frozenset[str] | None = None
    public: bool = True

    def wants(self, entry: Entry) -> bool:
        """True if the entry is for this client."""
        if entry.topic not in self.topics:
            return False
        return self.levels is None or not entry.level or entry.level in self.levels


@dataclass(frozen=True, slots=True)
class Update:
    """What a client has to be sent. `since` None: a snapshot; else a delta from that seq on."""

    position: MapPosition
    since: int | None
    rows: list[bytes]
    gone: list[str]

    @property
    def is_empty(self) -> bool:
        """A delta that changes nothing."""
        return self.since is not None and not self.rows and not self.gone

    @property
    def conflated(self) -> int:
        """Frames of the stream that a delta holds besides the last one."""
        return 0 if self.since is None else max(self.position.seq - self.since - 1, 0)


class Entry(msgspec.Struct):
    """What a filter reads, and the seq of the last change."""

    seq: int
    topic: str
    level: str


class _Row(Entry):
    """A row's JSON. `masked`: as a public wall is shown it, unset until the first one asks; None: not at all."""

    body: bytes
    masked: bytes | msgspec.UnsetType | None = msgspec.UNSET

    def shown(self, public: bool) -> bytes | None:
        """`public`: without small counts; None where nobody can find them, as in a row with a number that Python cannot hold."""
        if not public:
            return self.body
        if self.masked is msgspec.UNSET:
            # It may end neither the gateway nor the round in which all other clients wait.
            try:
                self.masked = for_public(self.topic, self.body)
            except UNREADABLE:
                self.masked = None
                gateway_metrics.BAD_RECORDS.inc()
        return self.masked


class _Tombstone(Entry):
    """Where a row was until `time_ms`."""

    time_ms: int


_MAX_ANSWERS: Final = 64

_E = TypeVar("_E", bound=Entry)


class RegionMap:
    """See the module. Not begun (`position` None) until the first frame."""

    def __init__(self) -> None:
        self.contents = Contents()
        self.position: MapPosition | None = None
        # Both in order of seq: what changed last stands last, so that a delta reads only its part.
        self._rows: dict[str, _Row] = {}
        self._tombstones: dict[str, _Tombstone] = {}
        self._floor = 0
        self._answers: dict[tuple[MapPosition | None, Filter], Update | None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, topic: str, key: str, public: bool) -> bytes | None:
        """The JSON of one row, `public`: without small counts; None if there is none."""
        found = self._rows.get(key)
        if found is None or found.topic != topic:
            return None
        return found.shown(public)

    @property
    def as_of(self) -> str | None:
        """`Frame.as_of` of the newest one."""
        return self.contents.as_of

    def apply(self, frame: Frame) -> None:
        """Take a frame. One of another epoch begins the map anew: nothing of the old one stays."""
        self._answers.clear()
        if self.position is None or self.position.epoch != frame.epoch:
            self._rows, self._tombstones, self._floor = {}, {}, 0
        elif frame.seq < self.position.seq:
            return
        self._floor = max(self._floor, frame.floor)
        for key, change in sorted(frame.changes.items(), key=lambda item: item[1].seq):
            self._set(key, change, frame.time_ms)
        position = MapPosition(frame.epoch, frame.seq)
        if position != self.position:
            self.contents = Contents()
        self.position = position
        self.contents.as_of, self.contents.positions = frame.as_of, frame.positions
        self._forget(frame.time_ms)

    def _set(self, key: str, change: Change, time_ms: int) -> None:
        earlier: Entry | None = self._rows.pop(key, None) or self._tombstones.pop(key, None)
        if change.body is not None:
            self._rows[key] = _Row(change.seq, change.topic, change.level, change.body)
        else:
            # A key that this gateway never saw may still be shown by a client of another one.
            topic, level = (earlier.topic, earlier.level) if earlier else _of_key(key)
            self._tombstones[key] = _Tombstone(change.seq, topic, level, time_ms)

    def _forget(self, time_ms: int) -> None:
        while self._tombstones:
            key, first = next(iter(self._tombstones.items()))
            if len(self._tombstones) <= MAX_TOMBSTONES and first.time_ms >= time_ms - TOMBSTONE_MS:
                return
            del self._tombstones[key]
            self._floor = max(self._floor, first.seq)

    def since(self, reached: MapPosition | None, wanted: Filter) -> Update | None:
        """What brings a client from `reached` (None: it has nothing) up to this map's position.

        Clients at one position that want the same share the answer, which stands until the next frame.
        None before the map has begun. A client that is ahead of this map (it came from a gateway
        that reads faster) is given an empty delta at its own position, never older rows.
        """
        key = (reached, wanted)
        if key not in self._answers:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            self._answers[key] = self._update(reached, wanted)
        return self._answers[key]

    def _update(self, reached: MapPosition | None, wanted: Filter) -> Update | None:
        if self.position is None:
            return None
        if reached is None or reached.epoch != self.position.epoch or reached.seq < self._floor:
            return self._snapshot(self.position, wanted)
        if reached.seq >= self.position.seq:
            return Update(reached, reached.seq, [], [])
        changed = list(_after(self._rows, reached.seq))
        if len(changed) > 1000 and len(changed) > _MOST * len(self._rows):
            return self._snapshot(self.position, wanted)
        shown = {
            key: entry.shown(wanted.public)
            for key, entry in reversed(changed)
            if wanted.wants(entry)
        }
        rows = [body for body in shown.values() if body is not None]
        gone = [
            key for key, entry in _after(self._tombstones, reached.seq) if _may_have(entry, wanted)
        ]
        # An older version of such a row must not stay on the wall.
        gone += [key for key, body in shown.items() if body is None]
        return Update(self.position, reached.seq, rows, gone)

    def _snapshot(self, position: MapPosition, wanted: Filter) -> Update:
        shown = (entry.shown(wanted.public) for entry in self._rows.values() if wanted.wants(entry))
        return Update(position, None, [body for body in shown if body is not None], [])


def _after(entries: dict[str, _E], seq: int) -> Iterator[tuple[str, _E]]:
    """Entries that changed after `seq`, newest first."""
    for key in reversed(entries):
        if entries[key].seq <= seq:
            return
        yield key, entries[key]


def _of_key(key: str) -> tuple[str, str]:
    """Topic and level as `topic/level/...` says; nothing for ids of alerts and units."""
    parts = key.split("/")
    return (parts[0], parts[1]) if len(parts) >= 4 else ("", "")


def _may_have(entry: Entry, wanted: Filter) -> bool:
    """A tombstone of unknown topic is sent to all: a client that never had the key ignores it."""
    return not entry.topic or wanted.wants(entry)

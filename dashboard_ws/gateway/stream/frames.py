"""Makes records of `live` into complete frames: what a head has not closed is not seen. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.results.topics import HEAD_KEY
from contracts.unreadable import UNREADABLE
from dashboard_ws.gateway.live.region_map import Change, Frame

SURE_MS: Final = 12 * 3_600_000
"""Tombstones younger than this are surely still on the topic: the broker keeps them for a day."""


class BadRecordError(ValueError):
    """A record of `live` is not as it must be. The message says which."""


class _Head(msgspec.Struct):
    epoch: str
    seq: int
    as_of: str | None = None
    positions: dict[str, int] = {}


class _RowHead(msgspec.Struct):
    topic: str
    level: str | None = None


_row_head = msgspec.json.Decoder(_RowHead)
_MAX_SEQ_DIGITS: Final = 18
"""Python refuses to read a number of thousands of digits."""


class FrameBuffer:
    """Records of one partition in order -> frames of its regions.

    Read from the topic's beginning, the first frames stand for a past from which compaction may
    have taken tombstones: `floor` of a frame says up to which seq that may be so.
    `now_ms`: the broker's time when reading began.
    """

    def __init__(self, now_ms: int) -> None:
        self._sure_from = now_ms - SURE_MS
        self._pending: dict[str, dict[str, Change]] = {}
        self._epochs: dict[str, str] = {}
        self._floors: dict[str, int] = {}
        self._sure: set[str] = set()
        """Regions of which a record was read that is too young to have lost tombstones behind it."""

    def restart(self) -> None:
        """The topic begins anew (it was made again): half a frame of the old one is no part of it."""
        self._pending.clear()
        self._epochs.clear()
        self._floors.clear()
        self._sure.clear()

    def add(
        self, key: bytes, value: bytes | None, seq: bytes | None, time_ms: int
    ) -> tuple[str, Frame] | None:
        """Take a record; (region, frame) if it closes one.

        Raises `BadRecordError`: the record is left out, and where it has a key and a seq, the key
        counts as removed: an older value must not stand for one that could not be read.
        """
        region, bar, row_key = key.decode(errors="replace").partition("|")
        if not bar or not row_key:
            raise BadRecordError(f"key {key!r} of a live record is not <region>|<row key>")
        if row_key == HEAD_KEY:
            return self._close(region, value, time_ms) if value else None
        if seq is None or not seq.isdigit() or len(seq) > _MAX_SEQ_DIGITS:
            raise BadRecordError(f"live record {key!r} has no header seq")
        self._note(region, int(seq), time_ms)
        self._take(region, row_key, int(seq), value)
        return None

    def _take(self, region: str, key: str, seq: int, value: bytes | None) -> None:
        pending = self._pending.setdefault(region, {})
        pending[key] = Change(seq, None)
        if value is None:
            return
        try:
            if not value.isascii():
                value.decode()  # msgspec steps over texts that it is not asked for; readers of the row do not
            head = _row_head.decode(value)
        except UNREADABLE as error:
            raise BadRecordError(f"row {region}|{key} on live is damaged: {error}") from None
        pending[key] = Change(seq, value, head.topic, head.level or "")

    def _note(self, region: str, seq: int, time_ms: int) -> None:
        if region in self._sure:
            return
        if time_ms >= self._sure_from:
            self._sure.add(region)
            seq -= 1
        self._floors[region] = max(self._floors.get(region, 0), seq)

    def _close(self, region: str, value: bytes, time_ms: int) -> tuple[str, Frame]:
        try:
            head = msgspec.json.decode(value, type=_Head)
        except UNREADABLE as error:
            raise BadRecordError(f"the head of {region} on live is damaged: {error}") from None
        changes = self._pending.pop(region, {})
        if self._epochs.setdefault(region, head.epoch) != head.epoch:
            # Another epoch counts anew, and all of it was read as it came.
            self._epochs[region] = head.epoch
            self._floors[region] = min((one.seq for one in changes.values()), default=1) - 1
        if region not in self._sure:
            # Of old changes nothing but the head may be left: the last of them may have been tombstones.
            self._floors[region] = max(self._floors.get(region, 0), head.seq)
        floor = self._floors[region]
        return region, Frame(
            head.epoch, head.seq, changes, time_ms, floor, head.as_of, head.positions
        )

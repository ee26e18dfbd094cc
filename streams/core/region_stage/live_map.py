"""The live map of one region: the newest begun row of each key, as the wall gets it.

`seq` grows with each flush that changes the map; a flush ends with a head record. The map is its own state: it is
restored from the topic it is written to.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import msgspec

from contracts.results.table_rows import AlertChangeRow
from contracts.results.topics import HEAD_KEY, LIVE, SEQ_HEADER
from contracts.time.instant import epoch_ms, rfc3339
from contracts.time.windows import PANE_MS, PANE_WINDOWS, UP_TO_A_DAY
from streams.core.fold import Out
from streams.core.region_stage.live_records import (
    FORMAT,
    RECIPIENT_TTL_S,
    TTL_S,
    FreshnessRecord,
    LiveHead,
    alert_record,
    body_of,
    body_of_row,
    decode_head,
    encode_live,
    key_of,
    read_record,
    value_of,
)
from streams.core.state_format import UnreadableStateError
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import ViewRow

_NEVER_MS: Final = 0


class _Entry(msgspec.Struct):
    """A record of the map: `body` as in `live_records`; `window` and `end_ms` (window_end) are '' and 0 for a row without a window;
    `received_ms`: of a freshness record, else 0; `source`: the unit or recipient whose row of several days it is, else ''.
    """

    body: bytes
    window: str
    end_ms: int
    as_of_ms: int = 0
    received_ms: int = 0
    source: str = ""


class LiveMap:
    """One region's map. `epoch` is used unless a map is restored, which has its own."""

    def __init__(self, region: str, epoch: str) -> None:
        self._region = region
        self._epoch = epoch
        self._seq = 0
        # By time to live, oldest as_of first: what has to be confirmed next stands at the front.
        self._entries: dict[int, dict[str, _Entry]] = {TTL_S: {}, RECIPIENT_TTL_S: {}}
        self._changed: dict[str, int] = {}
        self._deleted: set[str] = set()
        self._swept = (0, 0)
        self._unread: list[str] = []

    # --- state --------------------------------------------------------------------------------------------------------

    def restore(self, key: str, value: bytes) -> None:
        """Takes one record of the topic, in any order.

        One that cannot be read is set aside: the next frame deletes it, unless a new row of its key comes first.
        Raises `UnreadableStateError` for a map of a later format.
        """
        try:
            if key == HEAD_KEY:
                self._take_head(decode_head(value))
            else:
                record, window, end_ms, as_of_ms = read_record(key, value)
                is_freshness = isinstance(record, FreshnessRecord)
                received_ms = epoch_ms(record.last_received) if is_freshness else 0
                source = _source_of(record.level, record.area_id, window) if window else ""
                entry = _Entry(body_of(record), window, end_ms, as_of_ms, received_ms, source)
                self._entries[record.ttl_s][key] = entry
        except UnreadableStateError:
            raise
        except ValueError:
            self._unread.append(key)

    def _take_head(self, head: LiveHead) -> None:
        if head.format > FORMAT:
            raise UnreadableStateError(
                f"the live map of {self._region} has format {head.format}, this version reads up to {FORMAT}: "
                "start the version that wrote it, or rebuild with `pantau replay`"
            )
        self._epoch, self._seq = head.epoch, head.seq

    def restored(self) -> list[str]:
        """Puts entries in the order in which they have to be confirmed; returns the keys that were set aside."""
        for ttl, entries in self._entries.items():
            self._entries[ttl] = dict(sorted(entries.items(), key=lambda item: item[1].as_of_ms))
        unread, self._unread = self._unread, []
        # A head is not deleted: without it the map goes on in a new epoch, and readers take all of it anew.
        self._deleted.update(key for key in unread if key != HEAD_KEY)
        return unread

    def last_received(self, unit: str) -> int | None:
        """receivedtime in a unit's freshness record, epoch ms."""
        entry = self._entries[TTL_S].get(unit)
        return None if entry is None else entry.received_ms

    # --- changes ------------------------------------------------------------------------------------------------------

    def put(self, row: ViewRow) -> None:
        """Takes a row of a newest begun window, in place of an older one of its key."""
        ttl = RECIPIENT_TTL_S if row.level == "recipient" else TTL_S
        key = key_of(row)
        present = self._entries[ttl].get(key)
        if present is None or present.end_ms <= row.end_ms:
            source = _source_of(row.level, row.area, row.window)
            self._set(
                key, ttl, _Entry(body_of_row(row, key), row.window, row.end_ms, source=source)
            )

    def put_freshness(self, unit: str, kind: str, received_ms: int, kecamatan: str) -> None:
        """Takes the time when a unit was last heard of."""
        record = FreshnessRecord(
            key=unit,
            region=self._region,
            level="unit",
            area_id=unit,
            unit_kind=kind,
            kecamatan=kecamatan,
            last_received=rfc3339(received_ms),
        )
        self._set(unit, TTL_S, _Entry(body_of(record), "", 0, received_ms=received_ms))

    def put_alert(self, row: AlertChangeRow) -> None:
        """Takes an alert as its last change left it."""
        self._set(row.id, TTL_S, _Entry(body_of(alert_record(row)), "", 0))

    def remove(self, key: str) -> None:
        """Takes a row without a window off the map."""
        if self._entries[TTL_S].pop(key, None) is not None:
            self._changed.pop(key, None)
            self._deleted.add(key)

    def _set(self, key: str, ttl: int, entry: _Entry) -> None:
        self._entries[ttl][key] = entry
        self._changed[key] = ttl
        self._deleted.discard(key)

    def sweep(self, progress: Progress, end_of_day_ms: int) -> None:
        """Deletes rows whose window is no longer the newest begun one: nothing came in its place."""
        least = ((progress.pane + 1) * PANE_MS, end_of_day_ms)
        # What stood at the last sweep is over only if time has moved since.
        has_moved, self._swept = least != self._swept, least
        for ttl, entries in self._entries.items():
            keys = (
                list(entries)
                if has_moved
                else [key for key, its in self._changed.items() if its == ttl]
            )
            for key in keys:
                if _is_over(entries[key], *least):
                    del entries[key]
                    self._changed.pop(key, None)
                    self._deleted.add(key)

    # --- frames -------------------------------------------------------------------------------------------------------

    def frame(
        self,
        as_of_ms: int,
        partition: int,
        positions: dict[str, int],
        waiting: Container[str] | None,
    ) -> list[Out]:
        """The records of one flush: changed rows, rows that must be confirmed, tombstones, and the head.

        `waiting`: units and recipients whose rows of several days lack a change; None: areas' rows of several days may lack one,
        and nothing is confirmed.
        """
        if waiting is not None:
            self._confirm(as_of_ms, waiting)
        if self._changed or self._deleted:
            self._seq += 1
        out = self._changed_records(as_of_ms, partition)
        out += [self._out(key, None, partition) for key in self._deleted]
        self._deleted.clear()
        as_of = rfc3339(as_of_ms)
        head = LiveHead(
            epoch=self._epoch, seq=self._seq, as_of=as_of, now=as_of, positions=positions
        )
        out.append(self._out(HEAD_KEY, encode_live(head), partition))
        return out

    def _confirm(self, as_of_ms: int, waiting: Container[str]) -> None:
        for ttl, entries in self._entries.items():
            for key, entry in entries.items():
                if entry.as_of_ms > as_of_ms - ttl * 500:
                    break
                if not entry.source or entry.source not in waiting:
                    self._changed.setdefault(key, ttl)

    def unshown(self, partition: int) -> list[Out]:
        """The records of a flush while it is not known up to when rows are true: changed rows, and no head.

        Without a head nobody shows them, but a fold that is built anew has them. The first frame confirms them.
        """
        return self._changed_records(_NEVER_MS, partition)

    def _changed_records(self, as_of_ms: int, partition: int) -> list[Out]:
        as_of, out = rfc3339(as_of_ms), []
        for key, ttl in self._changed.items():
            entry = self._entries[ttl].pop(key)
            entry.as_of_ms = as_of_ms
            self._entries[ttl][key] = entry  # to the end: it was confirmed last
            out.append(self._out(key, value_of(entry.body, as_of, ttl), partition))
        self._changed.clear()
        return out

    def _out(self, key: str, value: bytes | None, partition: int) -> Out:
        seq = ((SEQ_HEADER, str(self._seq).encode()),)
        return Out(LIVE, partition, value, f"{self._region}|{key}".encode(), seq)


def _source_of(level: str, area: str, window: str) -> str:
    is_source = level in ("unit", "recipient")
    return area if is_source and window not in UP_TO_A_DAY else ""


def _is_over(entry: _Entry, newest_pane_ms: int, end_of_day_ms: int) -> bool:
    if not entry.end_ms:
        return False
    return entry.end_ms < (newest_pane_ms if entry.window in PANE_WINDOWS else end_of_day_ms)

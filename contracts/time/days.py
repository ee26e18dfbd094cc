"""Local days: days since 1970-01-01 as ints, and the bounds of a local day in epoch milliseconds.

Exact in zones with summer time too.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MS: Final = 86_400_000
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH: Final = date(1970, 1, 1)
_EPOCH_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER_MS: Final = 900_000
_FIRST_UTC_DAY: Final = (date(2, 1, 1) - _EPOCH).days
_LAST_UTC_DAY: Final = (date(9998, 12, 31) - _EPOCH).days
_WIDEST_OFFSET_MS: Final = 16 * 3_600_000
_CACHED_DAYS: Final = 4096
_CACHED_QUARTERS: Final = 2 * _CACHED_DAYS
"""An event may claim any time: the caches are emptied before they grow beyond this."""


def iso_to_day(text: str) -> int:
    """`2026-11-24` -> 20781. Raises `ValueError` for anything but `YYYY-MM-DD`."""
    if not _ISO_DAY.fullmatch(text):
        raise ValueError(f"{text!r} is no date: write YYYY-MM-DD")
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise ValueError(f"{text!r} is no date: write YYYY-MM-DD") from None


def day_to_iso(day: int) -> str:
    """20781 -> `2026-11-24`."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def weekday(day: int) -> int:
    """1 = Monday ... 7 = Sunday (1970-01-01 was a Thursday)."""
    return (day + 3) % 7 + 1


class Zone:
    """One time zone, made fast for the folds.

    Offsets are looked up by UTC day, the zone database is asked once a day of data.

    Raises `ValueError` for a zone that the database does not know.
    """

    def __init__(self, name: str) -> None:
        try:
            self._zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone: write one like Asia/Jakarta") from None
        self.name = name
        self._offsets: dict[int, tuple[tuple[int, int], ...]] = {}
        self._starts: dict[int, int] = {}
        self._quarters: dict[int, tuple[int, int]] = {}

    def day_and_offset(self, epoch_ms: int) -> tuple[int, int]:
        """`local_day` and `offset_ms`, looked up once a quarter of an hour: no zone changes within one."""
        quarter = epoch_ms // _QUARTER_MS
        known = self._quarters.get(quarter)
        if known is None:
            if len(self._quarters) >= _CACHED_QUARTERS:
                self._quarters.clear()
            known = self._quarters[quarter] = (self.local_day(epoch_ms), self.offset_ms(epoch_ms))
        return known

    def offset_ms(self, epoch_ms: int) -> int:
        """Milliseconds to add to UTC for local time at `epoch_ms`."""
        utc_day = epoch_ms // DAY_MS
        pieces = self._offsets.get(utc_day)
        if pieces is None:
            pieces = self._pieces(utc_day)
        if len(pieces) > 1:
            for start_ms, offset in reversed(pieces):
                if epoch_ms >= start_ms:
                    return offset
        return pieces[0][1]

    def local_day(self, epoch_ms: int) -> int:
        """The local day that holds `epoch_ms`."""
        return (epoch_ms + self.offset_ms(epoch_ms)) // DAY_MS

    def ms_of_day(self, epoch_ms: int) -> int:
        """Local time of day in milliseconds, as a clock on the wall shows it."""
        return (epoch_ms + self.offset_ms(epoch_ms)) % DAY_MS

    def minute_of_day(self, epoch_ms: int) -> int:
        """Local time of day in whole minutes, rounded down."""
        return self.ms_of_day(epoch_ms) // 60_000

    def day_start_ms(self, day: int) -> int:
        """The first moment of a local day; not 00:00 where summer time begins by skipping it."""
        start = self._starts.get(day)
        if start is None:
            start = self._search_start(day)
            if len(self._starts) >= _CACHED_DAYS:
                self._starts.clear()
            self._starts[day] = start
        return start

    def moment_ms(self, day: int, minute: int) -> int:
        """When a clock on the wall shows `minute` (0..1440) of a local day.

        The later moment if a change of the clock skips or repeats it.
        """
        wall = day * DAY_MS + minute * 60_000
        late = wall - self.offset_ms(wall + _WIDEST_OFFSET_MS)
        early = wall - self.offset_ms(wall - _WIDEST_OFFSET_MS)
        if late + self.offset_ms(late) == wall:
            return late
        return early

    def _search_start(self, day: int) -> int:
        low = day * DAY_MS - _WIDEST_OFFSET_MS
        high = day * DAY_MS + _WIDEST_OFFSET_MS
        while low < high:
            middle = (low + high) // 2
            if self.local_day(middle) >= day:
                high = middle
            else:
                low = middle + 1
        return low

    def _ask(self, epoch_ms: int) -> int:
        moment = (_EPOCH_MOMENT + timedelta(milliseconds=epoch_ms)).astimezone(self._zone)
        offset = moment.utcoffset()
        return 0 if offset is None else round(offset.total_seconds() * 1000)

    def _pieces(self, utc_day: int) -> tuple[tuple[int, int], ...]:
        """(first millisecond, offset) of each stretch of a UTC day with one offset."""
        asked = min(max(utc_day, _FIRST_UTC_DAY), _LAST_UTC_DAY)
        start = asked * DAY_MS
        pieces = [(start, self._ask(start))]
        for quarter in range(start + _QUARTER_MS, start + DAY_MS + 1, _QUARTER_MS):
            at = min(quarter, start + DAY_MS - 1)
            offset = self._ask(at)
            if offset != pieces[-1][1]:
                pieces.append((self._change(quarter - _QUARTER_MS, at), offset))
        if len(self._offsets) >= _CACHED_DAYS:
            self._offsets.clear()
        self._offsets[utc_day] = tuple(pieces)
        return self._offsets[utc_day]

    def _change(self, low: int, high: int) -> int:
        """The first millisecond in (low, high] with the offset of `high`."""
        target = self._ask(high)
        while high - low > 1:
            middle = (low + high) // 2
            if self._ask(middle) == target:
                high = middle
            else:
                low = middle
        return high

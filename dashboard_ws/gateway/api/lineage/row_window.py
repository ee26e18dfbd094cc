"""Where the window of a row lies, by its name and its end."""

from __future__ import annotations

from typing import Final, NamedTuple

from contracts.time.days import DAY_MS, Zone
from contracts.time.windows import DAY_WINDOWS, PANE_MS, PANE_WINDOWS, WindowName

_FIRST_MS: Final = 31 * DAY_MS
_LAST_MS: Final = 2**32 * 1000
"""Rows have their times as seconds of 32 bits, since 1970: of no other moment there is one."""


class NoRowEndsError(ValueError):
    """No row of this window ends at that moment; the message says at which they do."""


class RowWindow(NamedTuple):
    """Epoch ms, `end_ms` exclusive; local days, both inclusive."""

    start_ms: int
    end_ms: int
    first_day: int
    last_day: int


def row_window(zone: Zone, window: WindowName, end_ms: int) -> RowWindow:
    """The window that ends then. Raises `NoRowEndsError`."""
    if not _FIRST_MS <= end_ms < _LAST_MS:
        raise NoRowEndsError("no row ends before 1970-02 or after 2106-02")
    last = zone.local_day(end_ms - 1)
    if window in PANE_WINDOWS:
        if end_ms % PANE_MS:
            raise NoRowEndsError(f"a row of window {window} ends at a whole five minutes")
        start_ms = end_ms - PANE_WINDOWS[window] * PANE_MS
        return RowWindow(start_ms, end_ms, zone.local_day(start_ms), last)
    if end_ms != zone.day_start_ms(last + 1):
        raise NoRowEndsError(f"a row of window {window} ends where a day of {zone.name} begins")
    first = last - DAY_WINDOWS[window] + 1
    return RowWindow(zone.day_start_ms(first), end_ms, first, last)

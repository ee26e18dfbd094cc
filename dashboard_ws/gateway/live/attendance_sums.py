"""Of the recipients that say both who is present and who has eaten today: the sums. Pure.

eaten of those present = eaten / present over recipients with both above 0: the sums of an area hold schools that say
one of the two alone.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from dashboard_ws.gateway.live.region_map import Frame

_LEVEL: Final = "reception/recipient/"
_WINDOW: Final = "/1d"


class Attended(msgspec.Struct, frozen=True):
    """People, and of how many recipients."""

    recipients: int = 0
    present: int = 0
    eaten: int = 0


class _Report(msgspec.Struct):
    day: str
    present: int
    eaten_confirmed: int


_decoder = msgspec.json.Decoder(_Report)


class AttendanceSums:
    """The newest day of each recipient of one region."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}
        """Of recipients of whom something came since the sums were asked for."""
        self._reports: dict[str, _Report] = {}

    def note(self, frame: Frame) -> None:
        """Take a frame."""
        for key, change in frame.changes.items():
            if not key.startswith(_LEVEL) or not key.endswith(_WINDOW):
                continue
            self._reports.pop(key, None)
            self._rows.pop(key, None)
            if change.body is not None:
                self._rows[key] = change.body

    def sums(self, day: str) -> Attended:
        """Of a local day (`YYYY-MM-DD`). Rows are read now: most change many times before somebody asks."""
        for key, body in self._rows.items():
            with suppress(
                msgspec.DecodeError
            ):  # A row that is not as agreed is shown as it came; it is in no sum.
                self._reports[key] = _decoder.decode(body)
        self._rows.clear()
        both = [
            one
            for one in self._reports.values()
            if one.day == day and one.present > 0 and one.eaten_confirmed > 0
        ]
        return Attended(
            len(both), sum(one.present for one in both), sum(one.eaten_confirmed for one in both)
        )

"""Windows of section 5 of the public contract: names, lengths and alignment.

Times are epoch milliseconds, days are local days since 1970-01-01.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from contracts.events.data_structs import Group

WindowName = Literal["15m", "1h", "1d", "7d", "30d"]

PANE_MS: Final = 300_000
"""Length of a pane: 5 minutes, aligned to the hour."""

PANE_WINDOWS: Final[dict[WindowName, int]] = {"15m": 3, "1h": 12}
"""Sliding windows with a row for each pane end: length in panes."""

DAY_WINDOWS: Final[dict[WindowName, int]] = {"1d": 1, "7d": 7, "30d": 30}
"""Windows with a row for each local day, that day the last: length in days."""

WINDOWS: Final[tuple[WindowName, ...]] = ("15m", "1h", "1d", "7d", "30d")
UP_TO_A_DAY: Final[tuple[WindowName, ...]] = ("15m", "1h", "1d")

GRACE_MS: Final = 120_000
"""`receivedtime` is honoured within 2 minutes before the broker's append time: the watermark trails time by this much."""

ALLOWED_LATENESS_MS: Final = 30 * 86_400_000
"""An event may be 30 days old when it is received."""

AHEAD_MS: Final = 300_000
"""An event's `time` may be 5 minutes ahead of `receivedtime`."""

GROUPS: Final[tuple[str, ...]] = get_args(Group)
"""Groups of recipients, in the order of the registry's columns."""

ALL_GROUPS: Final = "all"


def pane_of(time_ms: int) -> int:
    """Index of the pane that holds `time_ms`: panes since the epoch.

    Every zone in use has an offset of whole quarters of an hour, so panes of the epoch are aligned to the local hour too.
    """
    return time_ms // PANE_MS

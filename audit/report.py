"""What an audit found: the differences of one comparison, and of all of them."""

from __future__ import annotations

from typing import Final

import msgspec

MAX_DIFFERENCES: Final = 1_000
"""Listed a view and batch. More are counted: what is that wrong is not mended row by row."""


class Difference(msgspec.Struct, frozen=True):
    """One cell (or row, or verdict) that is not what the lines say.

    `column` is `row` for a row that is missing or too many. `view` is `events` for a verdict or a line, `dead_letters`
    for a letter, `alerts` for an alert: then `area_id` is the unit and `events` names the event, letter or alert. Of an alert
    `level` is its kind, `window_end` when it was raised, and `group` its subject.
    """

    view: str
    level: str
    area_id: str
    window: str
    window_end: str
    group: str
    column: str
    stored: str
    recomputed: str
    events: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """What the difference is in: to know it again in a second comparison."""
        parts = (self.view, self.level, self.area_id, self.window, self.window_end)
        of_one = self.view in ("events", "dead_letters", "alerts")
        return (*parts, self.group, self.column, *(self.events if of_one else ()))


class Compared(msgspec.Struct):
    """`rows` compared, rows `moving` while the audit ran, `differences` listed, and `more` that are not."""

    rows: int = 0
    moving: int = 0
    more: int = 0
    differences: list[Difference] = []

    def add(self, one: Difference) -> None:
        """One more difference; counted only, if `MAX_DIFFERENCES` are listed."""
        if len(self.differences) == MAX_DIFFERENCES:
            self.more += 1
        else:
            self.differences.append(one)


class Report(msgspec.Struct):
    """What an audit found. `rows` were compared, in views and verdicts; `moving` changed while it ran.

    `more`: differences beyond those listed.
    """

    region: str
    first: str
    last: str
    rows: int = 0
    moving: int = 0
    more: int = 0
    differences: list[Difference] = []

    @property
    def clean(self) -> bool:
        """Whether there is no difference."""
        return not self.differences and not self.more

    def add(self, found: Compared) -> None:
        """Count in what one comparison found."""
        self.rows += found.rows
        self.moving += found.moving
        self.more += found.more
        self.differences += found.differences

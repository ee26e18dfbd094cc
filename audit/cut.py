"""The moment at which the streams' rows and the landed lines are compared, while both go on.

Stage two's position A is read first, then C: for each partition the position of the verdicts. The audit
recomputes from the lines below C. It reads the rows once stage one's are beyond C, and stage two's time is
beyond the last line below C (what was appended before a stage's time is applied). So a row that last
changed at or before C (of units) or A (of areas) has not changed while C passed by: it must equal what C
gives. A row that changed later is *moving*: it is counted, not compared. Days that get no events any more
are compared in full, at any time of day.

Lines and rows land by different threads, so a difference is reported only if a second comparison finds it too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from audit.scope import Cut, end_parameters
from audit.scratch import Scratch
from contracts.results.topics import (
    AREA_WINDOWS,
    EVENT_TOPICS,
    REGION_FEED,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.time.windows import GRACE_MS
from storage.schema import STORE

_POLL_S: Final = 0.25

_POSITIONS: Final = (
    "SELECT topic, partition, position, toUnixTimestamp64Milli(`time`) "
    f"FROM {STORE}.positions FINAL WHERE stream = {{stream:String}} ORDER BY topic, partition"
)
_PARTITION: Final = "SELECT bitAnd(kafkaMurmurHash({region:String}), 2147483647) % {count:UInt32}"


class NothingToAuditError(Exception):
    """There is nothing that could be compared yet. The message says what to do."""


def take(scratch: Scratch, region: str, patience_s: float, progress: Callable[[str], None]) -> Cut:
    """The cut, once both stages have passed it or stand still for `patience_s`.

    Raises `NothingToAuditError` if a stage has not written anything yet.
    """
    area = _area(scratch, region)
    verdicts = _positions(scratch, VERDICTS)
    lines = {
        topic: tuple(int(row[2]) for row in verdicts if row[0] == topic) for topic in EVENT_TOPICS
    }
    # A topic without verdicts has no line below the cut: a store of before recipients has none of theirs.
    lines = {topic: ends for topic, ends in lines.items() if ends}
    if area is None or not lines:
        raise NothingToAuditError(
            "the streams have not reported to ClickHouse how far they are: start them (pantau up) and wait until "
            "`pantau status` shows positions"
        )
    _wait(scratch, region, lines, patience_s, progress)
    early = min(area[1], *(int(row[3]) for row in _positions(scratch, UNIT_WINDOWS)))
    # Rows become due while the audit waits: whatever is due by the newest position may exist.
    late = max(
        int(row[3]) for stream in (VERDICTS, UNIT_WINDOWS) for row in _positions(scratch, stream)
    )
    early = min(early, area[1])
    # A line is received at most this long before it is appended, and each later one is beyond the cut.
    complete = min(early, *(int(row[3]) for row in verdicts)) - GRACE_MS
    return Cut(lines, area[0], early, late, complete)


def pause(seconds: float) -> None:
    """Let the installation go on for a moment before a second comparison."""
    time.sleep(seconds)


def _positions(scratch: Scratch, stream: str) -> Sequence[Sequence[Any]]:
    return scratch.rows(_POSITIONS, stream=stream)


def _area(scratch: Scratch, region: str) -> tuple[int, int] | None:
    """Position and time of stage two's partition of the region."""
    rows = [row for row in _positions(scratch, AREA_WINDOWS) if row[0] == REGION_FEED]
    if not rows:
        return None
    index = int(scratch.value(_PARTITION, region=region, count=len(rows)))
    return int(rows[index][2]), int(rows[index][3])


def _wait(
    scratch: Scratch,
    region: str,
    lines: dict[str, tuple[int, ...]],
    patience_s: float,
    progress: Callable[[str], None],
) -> None:
    """Wait until stage one's and stage two's rows are beyond the cut."""
    state: object = None
    deadline = time.monotonic() + patience_s
    while not _passed(scratch, region, lines):
        now = (_positions(scratch, UNIT_WINDOWS), _positions(scratch, AREA_WINDOWS))
        if now != state:
            state, deadline = now, time.monotonic() + patience_s
        if time.monotonic() > deadline:
            progress("the streams stand still: comparing what is there")
            return
        time.sleep(_POLL_S)


def _passed(scratch: Scratch, region: str, lines: dict[str, tuple[int, ...]]) -> bool:
    area = _area(scratch, region)
    units = {(row[0], row[1]): int(row[2]) for row in _positions(scratch, UNIT_WINDOWS)}
    return (
        area is not None
        and all(
            units.get((topic, partition), 0) >= end
            for topic, ends in lines.items()
            for partition, end in enumerate(ends)
        )
        and not _ahead(scratch, region, lines, area[1])
    )


def _ahead(scratch: Scratch, region: str, lines: dict[str, tuple[int, ...]], time_ms: int) -> bool:
    """Whether a line below the cut was appended at `time_ms` or later."""
    return bool(
        scratch.rows_of(
            "lines/00_lines_ahead", region=region, time_ms=time_ms, **end_parameters(lines)
        )
    )

"""Fast arithmetic of a kitchen's sums, fenced off here: it reads worse than a list of counters and a `Counter`.

Gain (one core of the build machine, 2026-11-29): adding two sums 0.13 us as lanes, 1.9 us as a list of 15 counters;
p50, p95 and the greatest of 30 minutes 1.5 us from a sorted list, 10.6 us from a `Counter` (of 300: 4.4 and 45.5 us).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from struct import Struct
from typing import Final

from contracts.results.columns import names
from contracts.results.public_rows import SUMS

SUM_INDEX: Final = {name: index for index, name in enumerate(names(SUMS))}
"""Place of each additive metric in a tuple of sums."""

_LANE_BITS: Final = 64
_LANES: Final = Struct(f"<{len(SUM_INDEX)}Q")

ONE: Final = {name: 1 << _LANE_BITS * index for name, index in SUM_INDEX.items()}
"""Metric -> one of it, in its lane.

All additive metrics stand side by side in one whole number, 64 bits each, so that one addition adds all. In a
difference a metric may be below 0: it borrows from the lane above, which has it back as soon as the difference is
added to what it was taken from.
"""


def packed(sums: Sequence[int]) -> int:
    """Sums in the order of `SUM_INDEX` as lanes. Raises `struct.error` for one below 0 or of another number."""
    return int.from_bytes(_LANES.pack(*sums), "little")


def unpacked(lanes: int) -> tuple[int, ...]:
    """Lanes as sums in the order of `SUM_INDEX`. Raises `OverflowError` for a difference."""
    return _LANES.unpack(lanes.to_bytes(_LANES.size, "little"))


def move_out(values: Sequence[int], source: list[int], missing: list[int]) -> None:
    """Removes each of `values` from `source`; one that `source` does not hold goes into `missing`. Sorts `source`."""
    source.sort()  # nearly free: it was sorted but for what came last
    for value in values:
        at = bisect_left(source, value)
        if at < len(source) and source[at] == value:
            del source[at]
        else:
            missing.append(value)

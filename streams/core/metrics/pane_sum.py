"""What a pane, a day or a window holds: a sum that events can be added to and taken from.

Every such sum is an element of a commutative group, so neither the order of events nor splits and corrections
change a result: a window is the sum of its panes or days, an area the sum of its units.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, Self, TypeVar

K = TypeVar("K")


class PaneSum(Protocol):
    """An element of the group. `invertible`: taking away what was added leaves no trace of it."""

    invertible: ClassVar[bool]

    def add(self, other: Self, sign: int = 1) -> None:
        """Adds `other` (`sign` 1) or takes it away (`sign` -1), in place. `other` stays as it is."""


def counts_into(counts: dict[K, int], others: dict[K, int], sign: int) -> None:
    """Adds each of `others` (`sign` 1) or takes it away (`sign` -1); a zero leaves no entry."""
    if not counts and sign == 1:
        counts.update(others)
        return
    for key, count in others.items():
        count_into(counts, key, sign * count)


def count_into(counts: dict[K, int], key: K, count: int) -> None:
    """Adds `count` (may be negative) to `counts[key]`; a zero leaves no entry."""
    total = counts.get(key, 0) + count
    if total:
        counts[key] = total
    else:
        counts.pop(key, None)

"""How often each of several reports occurs, and the greatest of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from streams.core.metrics.pane_sum import count_into

K = TypeVar("K")
R = TypeVar("R", bound=tuple[Any, ...])


class Occurrences(dict[R, int]):
    """Report -> how often, never zero. `greatest`: None if there is no report. One source can send thousands of which one counts:
    it follows what is added, and is searched for only where it went itself.
    """

    __slots__ = ("greatest",)

    def __init__(self) -> None:
        super().__init__()
        self.greatest: R | None = None

    def add(self, others: Mapping[R, int], sign: int) -> None:
        """Adds others (`sign` 1) or takes them away (-1)."""
        greatest = self.greatest
        for report, count in others.items():
            count_into(self, report, sign * count)
            if report in self and (greatest is None or report > greatest):
                greatest = report
        self.greatest = greatest if greatest in self else max(self, default=None)


class Reports(dict[K, Occurrences[R]]):
    """What the reports are about -> those of it, if there are any. The greatest of them counts."""

    __slots__ = ()

    def change(self, about: K, reports: Mapping[R, int], sign: int) -> tuple[R | None, R | None]:
        """Adds reports, each with how often (`sign` 1), or takes them away (-1). The one that counted before, and the one that does now."""
        known = self.get(about)
        if known is None:
            known = self[about] = Occurrences()
        before = known.greatest
        known.add(reports, sign)
        if not known:
            del self[about]
        return before, known.greatest

"""Units and recipients whose rows of several days lack what the region has of them already.

A unit fold sends a contribution with each flush, but rows of several days with its rows for the tables alone. In between such a
row is true up to its as_of, and must not be confirmed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class WaitingUnits:
    """`folds`: the inputs of all unit folds. It is no state: after a take-over every unit waits until each fold has sent its rows."""

    def __init__(self, folds: Iterable[str]) -> None:
        self._unheard = set(folds)
        self._units: dict[str, set[str]] = defaultdict(set)

    def contributed(self, fold: str, unit: str) -> None:
        """A contribution of the unit, or recipient, has come from its fold."""
        self._units[fold].add(unit)

    def has_all(self, fold: str) -> None:
        """All rows of the fold have come, with all that it has contributed."""
        self._unheard.discard(fold)
        self._units.pop(fold, None)

    def __contains__(self, unit: object) -> bool:
        return bool(self._unheard) or any(unit in units for units in self._units.values())

"""The events that a verdict depends on. They are counted and compared, seldom listed: hundreds of verdicts have the same
thousands of patients in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from streams.core.alerts.cluster.evidence.meal_reports import IllAfterMeal, NewsKey


class EventsBehind:
    """`ill`: chunk -> its reports of people ill; `calls`: the roll calls among the evidence."""

    def __init__(self, ill: Mapping[str, IllAfterMeal], calls: frozenset[NewsKey]) -> None:
        self._ill = ill
        self._calls = calls

    def __len__(self) -> int:
        return sum(len(one) for one in self._ill.values()) + len(self._calls)

    def __iter__(self) -> Iterator[NewsKey]:
        """In order of arrival."""
        return iter(self.newest(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventsBehind) and set(self) == set(other)

    def newest(self, most: int) -> tuple[NewsKey, ...]:
        """The latest received, these in order of arrival."""
        found = sorted(self._calls)
        for one in self._ill.values():
            found += islice(one.newest(), most)
        found.sort()
        return tuple(found[max(0, len(found) - most) :])

    @property
    def last_received(self) -> int:
        """When the newest was received, epoch ms; 0 if there is none."""
        ill = (next(one.newest())[0] for one in self._ill.values())
        return max((*ill, *(received for received, _, _ in self._calls)), default=0)

    def shared(self, other: EventsBehind) -> int:
        """How many of them the other has too. An event is in one chunk alone."""
        ill = (
            one.shared(other._ill[chunk]) for chunk, one in self._ill.items() if chunk in other._ill
        )
        return sum(ill) + len(self._calls & other._calls)

"""Coverage: portions eaten by group and recipient, `all` being one of the groups."""

from __future__ import annotations

from typing import ClassVar, Final

from contracts.events.event_types import MealEaten
from contracts.time.windows import ALL_GROUPS
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact

EATEN: Final = KIND_OF[MealEaten]

Eaten = dict[str, dict[str, int]]
"""Group (`all` among them) -> recipient -> portions."""


class CoverageSum:
    """Portions by group and recipient, with their totals.

    A zero stays: a group that was reported on has a row, even if a correction takes the portions away again.
    """

    __slots__ = ("eaten", "groups", "served")
    invertible: ClassVar = False

    def __init__(self) -> None:
        self.groups: Eaten = {}
        self.eaten: dict[str, int] = {}
        self.served: dict[str, int] = {}

    def add(self, other: CoverageSum, sign: int = 1) -> None:
        """See `PaneSum`."""
        for group, theirs in other.groups.items():
            if sign == 1 and group not in self.groups:
                # Most sums begin so: what is added is the sum.
                self.groups[group] = theirs.copy()
                self.eaten[group] = other.eaten[group]
                self.served[group] = other.served[group]
            else:
                for recipient, portions in theirs.items():
                    self.put(group, recipient, sign * portions)

    def put(self, group: str, recipient: str, portions: int) -> None:
        """Adds portions (may be negative) to one group only."""
        recipients = self.groups.get(group)
        if recipients is None:
            recipients = self.groups[group] = {}
            self.eaten[group] = self.served[group] = 0
        before = recipients.get(recipient, 0)
        after = recipients[recipient] = before + portions
        self.eaten[group] += portions
        self.served[group] += (after > 0) - (before > 0)


def add_meal(eaten: Eaten, fact: Fact, sign: int) -> None:
    """Adds a meal (a fact of kind `EATEN`) or takes it away; `sign` 0 only leaves that the groups were reported on."""
    recipient, _, portions_of = fact.payload
    total = 0
    for group, portions in portions_of.items():
        recipients = eaten.setdefault(group, {})
        recipients[recipient] = recipients.get(recipient, 0) + sign * portions
        total += portions
    everybody = eaten.setdefault(ALL_GROUPS, {})
    everybody[recipient] = everybody.get(recipient, 0) + sign * total

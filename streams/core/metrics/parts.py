"""What a pane, a day or a window holds: a sum that can be added to and taken from.

Each part is an element of a commutative group (counts may be subtracted again), so the order of events,
splits and corrections cannot change a result: a window is the sum of its panes or days, an area the sum
of its units. Distinct counts keep how often each member occurs; percentiles all values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from struct import Struct
from typing import ClassVar, Final, Protocol, Self, TypeVar

from contracts.results.public_rows import SUMS, names

K = TypeVar("K")

SUM_INDEX: Final = {name: index for index, name in enumerate(names(SUMS))}
"""Place of each additive metric in `KitchenPart.sums`."""

_LANE_BITS: Final = 64
_LANES: Final = Struct(f"<{len(SUM_INDEX)}Q")

ONE: Final = {name: 1 << _LANE_BITS * index for name, index in SUM_INDEX.items()}
"""One of each additive metric, in its lane of `KitchenPart.lanes`."""


class Part(Protocol):
    """An element of the group. `invertible`: taking away what was added leaves no trace of it."""

    invertible: ClassVar[bool]

    def add(self, other: Self, sign: int = 1) -> None:
        """Adds `other` (`sign` 1) or takes it away (`sign` -1), in place."""


class KitchenPart:
    """Performance: additive metrics, and the minutes from cooking to receipt of each delivery, in any order.

    `lanes` holds all additive metrics side by side in one whole number, 64 bits each, so that they are
    added in one step. In a difference a metric may be below 0: it borrows from its neighbour, which has
    it back as soon as the difference is added to what it was taken from. Likewise `owed`: minutes that
    were taken away and were not there.
    """

    __slots__ = ("lanes", "minutes", "owed")
    invertible: ClassVar = True

    def __init__(self, lanes: int = 0, minutes: list[int] | None = None) -> None:
        self.lanes = lanes
        self.minutes = minutes if minutes is not None else []
        self.owed: list[int] | None = None  # of hardly any part: there are hundreds of thousands

    @staticmethod
    def of(sums: Sequence[int], minutes: list[int]) -> KitchenPart:
        """A part with the given `sums`."""
        return KitchenPart(int.from_bytes(_LANES.pack(*sums), "little"), minutes)

    @property
    def sums(self) -> tuple[int, ...]:
        """The additive metrics by `SUM_INDEX`; not of a difference."""
        return _LANES.unpack(self.lanes.to_bytes(_LANES.size, "little"))

    def add(self, other: KitchenPart, sign: int = 1) -> None:
        """See `Part.add`."""
        more: list[int] | None
        less: list[int] | None
        if sign > 0:
            self.lanes += other.lanes
            more, less = other.minutes, other.owed
        else:
            self.lanes -= other.lanes
            more, less = other.owed, other.minutes
        if more:
            self.put(more, 1)
        if less:
            self.put(less, -1)

    def put(self, minutes: Sequence[int], sign: int) -> None:
        """Adds the minutes of deliveries (`sign` 1) or takes them away (-1)."""
        if sign > 0:
            if self.owed:
                _move(minutes, self.owed, self.minutes)
            else:
                self.minutes += minutes
        else:
            if self.owed is None:
                self.owed = []
            _move(minutes, self.minutes, self.owed)


def _move(values: Sequence[int], out_of: list[int], into: list[int]) -> None:
    """Takes each of `values` out of a list; what it does not hold goes into the other."""
    out_of.sort()  # it was sorted but for what came last
    for value in values:
        at = bisect_left(out_of, value)
        if at < len(out_of) and out_of[at] == value:
            del out_of[at]
        else:
            into.append(value)


Eaten = dict[str, dict[str, int]]
"""Group, `all` among them -> recipient -> portions."""


class CoveragePart:
    """Coverage: portions eaten by group and recipient, `all` among the groups.

    Zeros stay: that a group was reported on makes a row, even if a correction takes the portions away again.
    """

    __slots__ = ("eaten", "groups", "served")
    invertible: ClassVar = False

    def __init__(self) -> None:
        self.groups: Eaten = {}
        self.eaten: dict[str, int] = {}
        self.served: dict[str, int] = {}

    def add(self, other: CoveragePart, sign: int = 1) -> None:
        """See `Part.add`."""
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
        """Adds to one group only (`all` being one)."""
        recipients = self.groups.get(group)
        if recipients is None:
            recipients = self.groups[group] = {}
            self.eaten[group] = self.served[group] = 0
        before = recipients.get(recipient, 0)
        after = recipients[recipient] = before + portions
        self.eaten[group] += portions
        self.served[group] += (after > 0) - (before > 0)


Measurement = tuple[int, str, str, int]
"""(time ms, source, id, flags): orders a child's measurements; `flags` is a sum of `STUNTED` and `WASTED`."""

STUNTED: Final = 1
WASTED: Final = 2


class ClinicPart:
    """Clinic coverage: members and each child's measurements with how often they occur, doses and cases.

    A part that is a difference may hold a measurement less than no time: it takes it from what it is added to.
    """

    __slots__ = (
        "anaemic",
        "cases",
        "doses",
        "immunized",
        "measured",
        "mothers",
        "stunted",
        "wasted",
    )
    invertible: ClassVar = True

    def __init__(self) -> None:
        self.measured: dict[str, dict[Measurement, int]] = {}
        self.immunized: dict[str, int] = {}
        self.mothers: dict[str, int] = {}
        self.anaemic: dict[str, int] = {}
        self.doses = 0
        self.cases = 0
        self.stunted = 0
        self.wasted = 0

    def measure(self, child: str, measurement: Measurement, count: int) -> None:
        """Adds one measurement `count` times (may be negative). The last one of a child counts."""
        history = self.measured.get(child)
        if history is None:
            history = self.measured[child] = {}
        self._count_last(history, -1)
        count_into(history, measurement, count)
        self._count_last(history, 1)
        if not history:
            del self.measured[child]

    def _count_last(self, history: dict[Measurement, int], sign: int) -> None:
        if history:
            flags = max(history)[3]
            self.stunted += sign * (flags & STUNTED)
            self.wasted += sign * ((flags & WASTED) >> 1)

    def add(self, other: ClinicPart, sign: int = 1) -> None:
        """See `Part.add`."""
        for child, history in other.measured.items():
            for measurement, count in history.items():
                self.measure(child, measurement, sign * count)
        for mine, theirs in (
            (self.immunized, other.immunized),
            (self.mothers, other.mothers),
            (self.anaemic, other.anaemic),
        ):
            counts_into(mine, theirs, sign)
        self.doses += sign * other.doses
        self.cases += sign * other.cases


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

"""What counts at one moment, of all that people reported: people ill, roll calls, meals, batches, and words of the health office."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
_SPELL_MS: Final = 3 * DAY_MS
"""Two reports of a patient with onsets so near are of one illness."""

Key = tuple[str, str]
"""Unit and id of an event."""


class Ill(NamedTuple):
    """People ill. `where`: `recipient/<id>`, or of patients without one `near/<kecamatan of the clinic>`; `sort`: `seen` (one
    patient), `counted` (a tally), `noticed` (by the recipient); `began`: when they fell ill; `ate_day`: 0 if nobody asked.
    """

    key: Key
    where: str
    sort: str
    person: str
    people: int
    began: int
    ate_day: int
    received: int


class Call(NamedTuple):
    """A roll call of a recipient on a local day; of several the greatest (`recorded`, id) counts."""

    key: Key
    recipient: str
    day: int
    at: int
    recorded: int
    received: int
    present: int
    absent: int

    @property
    def pupils(self) -> int:
        """Who should be there."""
        return self.present + self.absent


class Meal(NamedTuple):
    """A delivery, or the check of one, on a local day."""

    key: Key
    recipient: str
    kitchen: str
    day: int
    at: int
    portions: int
    batch: str


class Batch(NamedTuple):
    """A kitchen cooked a batch with lots, each named with its supplier."""

    key: Key
    name: str
    at: int
    lots: frozenset[str]


class Cooked(NamedTuple):
    """A batch was cooked with lots."""

    key: Key
    batch: str
    time: int
    lots: tuple[str, ...]


class Lot(NamedTuple):
    """A lot was received."""

    key: Key
    name: str
    supplier: str
    time: int


class Word(NamedTuple):
    """The health office's word on a suspected cluster of a kitchen: (kitchen, id of the alert), days, people ill."""

    key: Key
    is_verified: bool
    first: int
    last: int
    people: float


Fact = Ill | Call | Meal | Batch | Word


def moment_of(fact: Fact) -> int:
    """By which it is forgotten."""
    match fact:
        case Ill():
            return fact.began
        case Word():
            return (fact.last + 1) * DAY_MS
        case _:
            return fact.at


class Reported:
    """Facts that count. `day_of`: the local day of a moment."""

    def __init__(self, day_of: Callable[[int], int]) -> None:
        self.day_of = day_of
        self.facts: dict[Key, Fact] = {}
        self.words: dict[Key, Word] = {}
        self.meals: dict[int, dict[str, dict[Key, Meal]]] = defaultdict(lambda: defaultdict(dict))
        self.batches: dict[str, dict[Key, Batch]] = defaultdict(dict)
        self.ill_on: dict[int, set[str]] = defaultdict(set)
        """Local day -> where people fell ill. A superset."""
        self._ill: dict[str, dict[Key, Ill]] = defaultdict(dict)
        self._calls: dict[tuple[str, int], dict[Key, Call]] = defaultdict(dict)
        self._best: dict[int, dict[str, Call]] = defaultdict(dict)
        self._spells: dict[str, dict[Key, Ill]] = defaultdict(dict)
        self._spare: set[Key] = set()
        self._people: dict[str, dict[int, int]] = {}
        self._oldest: int | None = None
        self.touched: list[Fact] = []
        """What came, went, or counts otherwise, until somebody empties it."""

    def put(self, fact: Fact) -> None:
        """It counts from now on."""
        self.remove(fact.key)
        self.facts[fact.key] = fact
        self.touched.append(fact)
        match fact:
            case Ill():
                self._ill[fact.where][fact.key] = fact
                self.ill_on[self.day_of(fact.began)].add(fact.where)
                self._recount(fact)
            case Call():
                self._calls[fact.recipient, fact.day][fact.key] = fact
                self._call_again(fact)
            case Meal():
                self.meals[fact.day][fact.recipient][fact.key] = fact
            case Batch():
                self.batches[fact.key[0]][fact.key] = fact
            case Word():
                self.words[fact.key] = fact
        if self._oldest is not None and not isinstance(fact, Meal | Batch):
            self._oldest = min(self._oldest, moment_of(fact))

    def remove(self, key: Key) -> None:
        """It counts no more; nothing if there is none."""
        fact = self.facts.pop(key, None)
        if fact is None:
            return
        self.touched.append(fact)
        match fact:
            case Ill():
                del self._ill[fact.where][key]
                self._recount(fact)
            case Call():
                del self._calls[fact.recipient, fact.day][key]
                self._call_again(fact)
            case Meal():
                del self.meals[fact.day][fact.recipient][key]
            case Batch():
                del self.batches[key[0]][key]
            case Word():
                del self.words[key]
        if not isinstance(fact, Meal | Batch) and moment_of(fact) == self._oldest:
            self._oldest = None

    def forget(self, meals: int, others: int) -> None:
        """Meals and batches of before a moment, all else of before another one."""
        for fact in list(self.facts.values()):
            if moment_of(fact) < (meals if isinstance(fact, Meal | Batch) else others):
                self.remove(fact.key)

    def _recount(self, changed: Ill) -> None:
        """Of the reports of one illness one counts: one with a recipient before one without, then the earliest."""
        self._people.pop(changed.where, None)
        if changed.sort != "seen":
            return
        mine = self._spells[changed.person]
        if changed.key in self.facts:
            mine[changed.key] = changed
        else:
            mine.pop(changed.key, None)
            self._spare.discard(changed.key)
        counted: list[int] = []
        order = sorted(mine.values(), key=lambda one: (one.where[:1] == "n", one.began, one.key))
        for one in order:
            is_spare = any(abs(one.began - other) <= _SPELL_MS for other in counted)
            if not is_spare:
                counted.append(one.began)
            if is_spare != (one.key in self._spare):
                self._spare ^= {one.key}
                self._people.pop(one.where, None)
                self.touched.append(one)

    def ill(self, where: str) -> list[Ill]:
        """The reports that count."""
        of = self._ill.get(where)
        return [one for one in of.values() if one.key not in self._spare] if of else []

    def people_by_day(self, where: str) -> dict[int, int]:
        """Local day -> people who fell ill on it."""
        known = self._people.get(where)
        if known is None:
            days: dict[int, list[Ill]] = defaultdict(list)
            for one in self.ill(where):
                days[self.day_of(one.began)].append(one)
            known = self._people[where] = {day: people_of(of) for day, of in days.items()}
        return known

    def everywhere(self) -> Iterator[str]:
        """Where anybody was ill."""
        return (where for where, of in self._ill.items() if of)

    def call(self, recipient: str, day: int) -> Call | None:
        """The roll call that counts."""
        return self._best.get(day, {}).get(recipient)

    def calls(self, recipient: str, days: range) -> list[Call]:
        """One a day, of the days that have any."""
        return [one for day in days if (one := self._best[day].get(recipient))]

    def calls_on(self, day: int) -> Collection[Call]:
        """One a recipient."""
        return self._best[day].values()

    def _call_again(self, changed: Call) -> None:
        of = self._calls[changed.recipient, changed.day].values()
        if of:
            best = max(of, key=lambda one: (one.recorded, one.key[1]))
            self._best[changed.day][changed.recipient] = best
        else:
            self._best[changed.day].pop(changed.recipient, None)

    def oldest(self) -> int | None:
        """The moment of the oldest fact that is no meal and no batch."""
        if self._oldest is None:
            moments = (
                moment_of(one) for one in self.facts.values() if not isinstance(one, Meal | Batch)
            )
            self._oldest = min(moments, default=None)
        return self._oldest


def people_of(reports: Iterable[Ill]) -> int:
    """The fewest people that are behind reports: of what a clinic reports singly and as a tally the greater counts, and of
    what clinics and the recipient report too.
    """
    clinics: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    noticed = 0
    for one in reports:
        if one.sort == "noticed":
            noticed += one.people
        else:
            clinics[one.key[0]][one.sort == "counted"] += one.people
    return max(noticed, sum(max(of) for of in clinics.values()))

"""The other methods on the same reports of patients, as they come in: a score each time one can have risen.

Counts are by the local day on which a report is received, today's among them as far as it has come: an alarm need not
wait for midnight. What schools report none of these methods uses.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from bench.detection.methods import ears, permutation_scan
from bench.detection.world.ordinary_days import DAY_MS, FIRST_DAY, SimulatedReport
from bench.detection.world.regency import HOSPITAL, Regency
from streams.core.alerts.cluster.evidence.findings import PatientSeen

_ARRIVALS_MS: Final = 30 * 60_000
_MIN_DEVIATION: Final = 0.5
_REGION: Final = "region"
_EARS: Final = {"C1": ears.c1, "C2": ears.c2, "C3": ears.c3}

OURS: Final = "Pantau"
COMPARATORS: Final = (
    "EARS C1, kecamatan",
    "EARS C2, kecamatan",
    "EARS C3, kecamatan",
    "EARS C1, kitchen",
    "EARS C2, kitchen",
    "EARS C3, kitchen",
    "arrivals in 30 min, clinic",
    "permutation scan, kecamatan",
    "fixed count in 24 h, kitchen",
)


class Score(NamedTuple):
    """`at`: when it is known; `key`: of what; a signal if `value` reaches the method's threshold."""

    method: str
    at: int
    key: str
    value: float


class _Arrival(NamedTuple):
    received: int
    arrived: int
    clinic: str
    place: int
    kitchen: str


class Watchers:
    """All comparators over one stream of reports."""

    def __init__(self, regency: Regency) -> None:
        self._local_day = regency.population.zone.local_day
        self._kitchen_of = {one.name: one.kitchen for one in regency.schools}
        self._zones = permutation_scan.zones(regency.near)
        self._places = len(regency.near)
        self._days: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._by_place: dict[int, list[int]] = defaultdict(lambda: [0] * self._places)
        self._at_clinic: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=200))
        self._of_kitchen: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=200))

    def scores(self, reports: Iterable[SimulatedReport], since: int) -> Iterator[Score]:
        """Takes reports in order; gives scores of those received at `since` or later."""
        for report in reports:
            arrival = self._arrival(report)
            if arrival is None:
                continue
            self._count(arrival)
            if report.received >= since:
                yield from self._score(arrival)

    def _arrival(self, report: SimulatedReport) -> _Arrival | None:
        finding = report.finding
        if not isinstance(finding, PatientSeen) or report.arrived is None:
            return None
        kitchen = self._kitchen_of.get(finding.recipient)
        place = -1 if report.clinic == HOSPITAL else int(report.clinic[4:])
        name = "" if kitchen is None else f"kitchen {kitchen}"
        return _Arrival(report.received, report.arrived, report.clinic, place, name)

    def _count(self, one: _Arrival) -> None:
        day = self._local_day(one.received)
        for key in (one.clinic, one.kitchen):
            if key:
                self._days[key][day] += 1
        if one.place >= 0:
            self._by_place[day][one.place] += 1
        self._at_clinic[one.clinic].append(one.arrived)
        if one.kitchen:
            self._of_kitchen[one.kitchen].append(one.received)

    def _score(self, one: _Arrival) -> Iterator[Score]:
        day = self._local_day(one.received)
        # A clinic stands for its kecamatan: there is one in each.
        for kind, key in (("kecamatan", one.clinic), ("kitchen", one.kitchen)):
            if key:
                yield from self._ears(kind, key, day, one.received)
        near = sum(
            1
            for other in self._at_clinic[one.clinic]
            if abs(other - one.arrived) <= _ARRIVALS_MS / 2
        )
        yield Score("arrivals in 30 min, clinic", one.received, one.clinic, near)
        if one.place >= 0:
            study = range(max(FIRST_DAY, day - permutation_scan.STUDY_DAYS + 1), day + 1)
            value = permutation_scan.scan(
                [self._by_place[of] for of in study], self._containing(one.place)
            )
            yield Score("permutation scan, kecamatan", one.received, _REGION, value)
        if one.kitchen:
            recent = sum(
                1 for other in self._of_kitchen[one.kitchen] if one.received - other < DAY_MS
            )
            yield Score("fixed count in 24 h, kitchen", one.received, one.kitchen, recent)

    def _ears(self, kind: str, key: str, day: int, at: int) -> Iterator[Score]:
        counts = [self._days[key].get(of, 0) for of in range(day - ears.NEEDED, day + 1)]
        for name, rule in _EARS.items():
            yield Score(f"EARS {name}, {kind}", at, key, rule(counts, ears.NEEDED, _MIN_DEVIATION))

    def _containing(self, place: int) -> Sequence[tuple[int, ...]]:
        """A new case raises the ratio of cylinders that it is in, and of no other."""
        return [zone for zone in self._zones if place in zone]


def signals(scores: Iterable[Score], threshold: float, quiet_ms: int) -> int:
    """How often a duty officer would be called: scores at the threshold, those of one key within `quiet_ms` as one."""
    last: dict[tuple[str, str], int] = {}
    count = 0
    for one in scores:
        if one.value >= threshold:
            key = one.method, one.key
            count += one.at - last.get(key, one.at - quiet_ms) >= quiet_ms
            last[key] = one.at
    return count


def threshold_for(values: Sequence[float], allowed: float, count: Callable[[float], int]) -> float:
    """The least of `values` at which `count` of signals is at most `allowed`; beyond all where there is none."""
    ordered = sorted(set(values))
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if count(ordered[middle]) <= allowed:
            high = middle
        else:
            low = middle + 1
    return ordered[low] if low < len(ordered) else float("inf")

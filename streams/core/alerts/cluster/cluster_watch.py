"""The door to the statistics: findings in, verdicts out, state to keep between. Used by the alert stage of a region.

put, remove   an accepted event that counts; an event that was corrected away or retracted
verdicts      on every kitchen and shared lot with anything reported after its meals of the last week
illness       on one recipient and day
changed       state records since the last call; restore takes them back

The answer depends on the findings and on `as_of` alone, not on the order or the moment in which findings came. Only
what new findings can have changed is judged again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from streams.core.alerts.cluster.absence_rates import AbsenceRates
from streams.core.alerts.cluster.absence_wave import AbsenceWave
from streams.core.alerts.cluster.background import GAP_DAYS, SETTLED_DAYS, Background
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_rule import Judgement, judge
from streams.core.alerts.cluster.cluster_verdict import ClusterVerdict
from streams.core.alerts.cluster.evidence.exposures import Exposure, Exposures
from streams.core.alerts.cluster.evidence.finding_store import FindingStore, chunk_of
from streams.core.alerts.cluster.evidence.findings import (
    BatchCooked,
    ClusterAssessed,
    EventKey,
    Finding,
    MealServed,
    RollCall,
    moment_of,
)
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk
from streams.core.alerts.cluster.illness_rule import IllnessVerdict, judge_illness
from streams.core.alerts.cluster.meals.meal_setting import MealSetting, Surroundings

_Judged = dict[tuple[str, str], tuple[MealSetting, Judgement | None]]
_ANY: Final = "any"
_BACK_DAYS: Final = 3
"""Local days of meals before an onset or a roll call that it may be linked to."""


class ClusterWatch:
    """The statistics of one region."""

    def __init__(self, population: PopulationAtRisk, policy: ClusterPolicy) -> None:
        self._store = FindingStore()
        self._policy = policy
        self.set_population(population)

    def set_population(self, population: PopulationAtRisk) -> None:
        """The registry changed: everything is judged again."""
        self._population = population
        self._exposures = Exposures(self._store, population)
        self._backgrounds: dict[int, Background] = {}
        self._rates: dict[int, AbsenceRates] = {}
        self._waves: dict[int, AbsenceWave] = {}
        self._judged: dict[int, _Judged] = {}
        self._stale: dict[int, set[str]] = defaultdict(set)
        self._first: int | None = None

    def put(self, finding: Finding) -> None:
        """Adds a finding; one of the same identity is replaced."""
        self._store.put(finding)

    def remove(self, event: EventKey) -> None:
        """Removes the finding of an event that counts no more; nothing if there is none."""
        self._store.remove(event)

    def verdicts(self, as_of: int) -> list[ClusterVerdict]:
        """At most one a kitchen and one a lot, of level 0 too, by (unit, lot); none where nothing new came for
        `quiet_h`. `as_of`: the region's clock, epoch ms; findings received later must not be in yet.
        """
        self._note_touched()
        today = self._population.zone.local_day(as_of)
        quiet_days = -(-int(self._policy.quiet_h) // 24)
        days = range(today - _BACK_DAYS - quiet_days, today + 1)
        best: dict[tuple[str, str], Judgement] = {}
        for day in days:
            for key, (_, judgement) in self._judge_day(day).items():
                if judgement is None or judgement.over(as_of, self._policy.quiet_h):
                    continue
                before = best.get(key)
                if before is None or _stands_before(judgement, before):
                    best[key] = judgement
        return [best[key].verdict for key in sorted(best)]

    def illness(self, recipient: str, day: int) -> IllnessVerdict | None:
        """On what a recipient reported of a local day; None if nothing."""
        self._note_touched()
        return judge_illness(
            recipient,
            self._store.chunk(f"recipient|{recipient}"),
            self._background(day),
            self._wave(day),
            self._policy,
        )

    def forget(self, as_of: int) -> None:
        """Drops what is too old to matter. Call it once a day."""
        self._store.forget(as_of)
        first = self._population.zone.local_day(as_of) - 2 * _BACK_DAYS - 1
        self._exposures.forget(first)
        for known in (self._backgrounds, self._rates, self._waves, self._judged, self._stale):
            _drop(known, lambda day: day < first)

    def changed(self) -> dict[str, bytes | None]:
        """State records since the last call, by key; None: delete it."""
        return self._store.changed()

    def restore(self, values: Iterable[bytes]) -> None:
        """Takes the values of state records. Raises `msgspec.MsgspecError` for what `changed` did not give."""
        self._store.restore(values)
        self.set_population(self._population)

    def _judge_day(self, day: int) -> _Judged:
        """Verdicts on the meals of a day; those that no new finding can have changed are taken as they are."""
        stale = self._stale.pop(day, None)
        if day in self._judged and not stale:
            return self._judged[day]
        before = self._judged.get(day, {})
        kitchens = self._exposures.of_kitchens(day)
        around = Surroundings(
            self._store,
            self._population.registered_at(day),
            self._background(day),
            {later: self._wave(later) for later in range(day, day + _BACK_DAYS + 1)},
            self._policy,
        )
        same_tests = len(kitchens) == sum(1 for unit, _ in before if unit)
        judged: _Judged = {}
        for one in (*kitchens, *self._exposures.of_lots(day)):
            known = before.get((one.unit, one.lot))
            if known is not None and known[0].exposure == one:
                setting, judgement = known
                stands = same_tests and not _concerns(one, stale or ())
            else:
                setting, judgement, stands = MealSetting(one, around), None, False
            if not stands:
                judgement = judge(setting, around, max(1, len(kitchens)))
            judged[one.unit, one.lot] = setting, judgement
        self._judged[day] = judged
        return judged

    def _background(self, day: int) -> Background:
        known = self._backgrounds.get(day)
        if known is None:
            known = Background(self._store, self._population, self._policy, day)
            self._backgrounds[day] = known
        return known

    def _wave(self, day: int) -> AbsenceWave:
        known = self._waves.get(day)
        if known is None:
            rates = self._rates.get(day)
            if rates is None:
                rates = AbsenceRates(self._store, self._population, self._policy, day)
                self._rates[day] = rates
            recipients = self._population.recipients(day)
            known = AbsenceWave(self._store, recipients, rates, self._policy)
            self._waves[day] = known
        return known

    def _note_touched(self) -> None:
        first = self._store.first_moment()
        if first != self._first:
            # The first days of a region: how long it has reported is part of every expectation.
            self._first = first
            self._expect_anew(0, self._backgrounds, self._rates, self._waves)
        for finding in self._store.touched():
            self._note(finding, self._population.zone.local_day(moment_of(finding)))

    def _note(self, finding: Finding, day: int) -> None:
        match finding:
            case ClusterAssessed():
                self.set_population(self._population)
            case BatchCooked() | MealServed():
                for one in (day, day + 1):
                    self._exposures.day_changed(one)
                    self._stale[one].add(_ANY)
            case RollCall():
                self._exposures.day_changed(finding.day)
                self._waves.pop(finding.day, None)
                _drop(self._judged, lambda one: day - _BACK_DAYS <= one <= day)
                self._expect_anew(day + GAP_DAYS, self._rates, self._waves)
                # Meals of the days before read the first roll calls with these expectations.
                _drop(self._judged, lambda one: one >= day + GAP_DAYS - _BACK_DAYS)
            case _:
                for one in range(day - _BACK_DAYS, day + 1):
                    self._stale[one].add(chunk_of(finding))
                self._expect_anew(day + SETTLED_DAYS, self._backgrounds)

    def _expect_anew(self, from_day: int, *known: dict[int, Any]) -> None:
        """What is expected of this day and those after it is worked out and judged again."""
        for one in (*known, self._judged):
            _drop(one, lambda day: day >= from_day)


def _drop(known: dict[int, Any], which: Callable[[int], bool]) -> None:
    for day in [day for day in known if which(day)]:
        del known[day]


def _concerns(exposure: Exposure, stale: Collection[str]) -> bool:
    if "place|" in stale:
        return True
    return any(
        f"recipient|{one.recipient}" in stale or f"place|{one.place}" in stale
        for one in exposure.served
    )


def _stands_before(one: Judgement, other: Judgement) -> bool:
    """Of two meals of one kitchen the worse stands for it; of equals the earlier."""
    return (-one.level, one.p, one.day) < (-other.level, other.p, other.day)

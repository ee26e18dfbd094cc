"""`foodborne_cluster` and `illness_reported`: what the statistics of `alerts/cluster` make of cases, tallies, roll calls and
people noticed ill, as alerts. Always a suspicion ("dugaan"): that food was the cause is for the health office to say.

Events go to `ClusterWatch`, which is state of its own. Judged is at the next second after a case, at the next five minutes
after a roll call (hundreds come in one morning), and at the next hour after a meal: without people who are ill it is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import UNSET

from contracts.registry.entities import Registry
from contracts.time.days import day_to_iso
from contracts.time.instant import epoch_ms, rfc3339
from streams.core.alerts.alert import Alert, AlertCause, Resolution
from streams.core.alerts.alert_facts import (
    ATTENDANCE,
    CASE,
    CHECK,
    COOKING,
    COUNTED,
    DELIVERY,
    INGREDIENT,
)
from streams.core.alerts.alert_facts import ILLNESS as NOTICED
from streams.core.alerts.alert_kind import AlertRegion, QuietKind
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_verdict import ClusterVerdict, causes_first, roots
from streams.core.alerts.cluster.cluster_watch import ClusterWatch
from streams.core.alerts.cluster.evidence.findings import (
    BatchCooked,
    ClusterAssessed,
    Finding,
    MealServed,
    PatientsCounted,
    PatientSeen,
    PupilsIll,
    RollCall,
)
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk
from streams.core.alerts.cluster.illness_rule import IllnessVerdict
from streams.core.watched_event import UncountedEvent, WatchedEvent

CLUSTER: Final = "foodborne_cluster"
ILLNESS: Final = "illness_reported"
_JUDGE: Final = "judge"
_STEP_MS: Final = {CASE: 1_000, COUNTED: 1_000, NOTICED: 1_000, ATTENDANCE: 300_000}
"""Kind of event -> judged is at the next full step; of any other kind it is an hour."""
_HOUR_MS: Final = 3_600_000
_ILLNESS_MS: Final = 72 * _HOUR_MS
_BACK_DAYS: Final = 3


class JudgePlan(msgspec.Struct, array_like=True, gc=False):
    """`at`: when to judge next, epoch ms, 0 if nothing changed; `reports`: recipients and days that are to be judged then."""

    at: int = 0
    reports: list[tuple[str, int]] = []


class Suspicions(QuietKind):
    """Keys of clusters: `<kitchen>/<lot>`, one of them empty; of illness: `<recipient>/<day>`. Of timers: `judge`, or an
    alert's id.
    """

    name: ClassVar = CLUSTER

    def __init__(self) -> None:
        self.plan = JudgePlan()
        self._watch: ClusterWatch | None = None
        self._findings: dict[int, Callable[[AlertRegion, WatchedEvent], Finding | None]] = {
            DELIVERY: _delivered,
            CHECK: _checked,
            COOKING: _cooked,
            CASE: _case,
            COUNTED: _counted,
            NOTICED: _noticed,
            ATTENDANCE: _roll_call,
        }

    def use(self, registry: Registry, region: str) -> None:
        """Takes a registry with more rows."""
        population = PopulationAtRisk(registry, region)
        if self._watch is None:
            self._watch = ClusterWatch(population, ClusterPolicy.of(population.thresholds))
        else:
            self._watch.set_population(population)

    # --- state --------------------------------------------------------------------------------------------------------

    def restore(self, plan: JudgePlan, chunks: Iterable[bytes]) -> None:
        """Takes its state."""
        self.plan = plan
        self._known.restore(chunks)

    def changed(self) -> dict[str, bytes | None]:
        """Its chunks that changed since the last call."""
        return self._known.changed()

    @property
    def _known(self) -> ClusterWatch:
        if self._watch is None:
            raise LookupError("no registry yet")
        return self._watch

    # --- what comes in ------------------------------------------------------------------------------------------------

    def event(self, region: AlertRegion, event: WatchedEvent) -> None:
        """See `AlertKind`. Called for events that came to count; see `uncount`."""
        if event.kind == INGREDIENT:
            # A lot means the same in all kitchens only with its supplier's name.
            for cooking in list(region.facts.of("lot cooked", event.source, event.data.lot)):
                self.event(region, cooking)
            return
        find = self._findings.get(event.kind)
        finding = None if find is None else find(region, event)
        if finding is not None:
            self._known.put(finding)
            self._plan(region, event.kind)
            self._plan_report(region, finding)

    def uncount(
        self, region: AlertRegion, item: UncountedEvent, event: WatchedEvent | None
    ) -> None:
        """An event counts no longer; `event`: itself, if it is still known."""
        if item.kind in self._findings:
            self._known.remove((item.source, item.id))
            self._plan(region, item.kind)
        if event is not None and event.kind == ATTENDANCE:
            self.plan.reports.append((event.source, region.zone.local_day(event.time)))

    def _plan(self, region: AlertRegion, kind: int) -> None:
        step = _STEP_MS.get(kind, _HOUR_MS)
        at = (region.now // step + 1) * step
        if not self.plan.at or at < self.plan.at:
            self.plan.at = at
            region.wake(at, CLUSTER, _JUDGE)

    def _plan_report(self, region: AlertRegion, finding: Finding) -> None:
        if isinstance(finding, RollCall):
            self.plan.reports.append((finding.source, finding.day))
        elif isinstance(finding, PupilsIll):
            self.plan.reports.append((finding.source, region.zone.local_day(finding.since)))

    def assessed(self, alert: Alert) -> None:
        """The health office's word on a cluster: it goes into what is expected from now on."""
        evidence = msgspec.json.decode(alert.evidence)
        first = int(evidence["meal_day_number"])
        for unit in evidence["units"]:
            outcome: Any = alert.assessment
            word = ClusterAssessed(
                unit, alert.id, outcome, first, first + _BACK_DAYS, float(evidence["people"])
            )
            self._known.put(word)

    # --- judging ------------------------------------------------------------------------------------------------------

    def restored(self, region: AlertRegion) -> None:
        """See `AlertKind`."""
        if self.plan.at:
            region.wake(self.plan.at, CLUSTER, _JUDGE)
        for alert in region.book.open_of(CLUSTER):
            self._wake_quiet(region, epoch_ms(msgspec.json.decode(alert.evidence)["last_news"]))
        for alert in region.book.open_of(ILLNESS):
            region.wake(alert.raised_at + _ILLNESS_MS, CLUSTER, alert.id)

    def due(self, region: AlertRegion, key: str) -> None:
        """See `AlertKind`."""
        if key != _JUDGE:
            alert = region.book.get(key)
            # It may have been raised again since, by the same id: the time counts from then.
            if alert and alert.is_open and region.now >= alert.raised_at + _ILLNESS_MS:
                region.settle(ILLNESS, alert.key, None, "72_hours")
            return
        reports, self.plan = sorted(set(self.plan.reports)), JudgePlan(0, [])
        self._judge_clusters(region)
        for recipient, day in reports:
            self._judge_report(region, recipient, day)

    def forget(self, now: int) -> None:
        """Drops what is too old to matter."""
        self._known.forget(now)

    def _judge_clusters(self, region: AlertRegion) -> None:
        found = self._known.verdicts(region.now)
        root_of = roots(found)
        # An alert names that of its cause, which has to be there.
        verdicts = {f"{one.unit}/{one.lot}": one for one in causes_first(found)}
        for key, verdict in verdicts.items():
            alert = region.book.open(CLUSTER, key)
            if verdict.level:
                severity = max(verdict.level, alert.severity if alert else 0)
                root = root_of.get((verdict.unit, verdict.lot))
                cause = region.book.open(CLUSTER, f"{root.unit}/") if root else None
                part_of = cause.id if cause else ""
                region.settle(CLUSTER, key, _cluster_cause(region, verdict, severity, part_of))
                self._wake_quiet(region, verdict.last_news)
            elif (
                alert is not None
                and verdict.people + verdict.unplaced < region.limits.cluster_min_cases
            ):
                region.settle(CLUSTER, key, None, "corrected")
        quiet_ms = round(region.limits.cluster_quiet_h * _HOUR_MS)
        for alert in region.book.open_of(CLUSTER):
            if alert.key not in verdicts:
                last = epoch_ms(msgspec.json.decode(alert.evidence)["last_news"])
                over = region.now >= last + quiet_ms
                why: Resolution = "no_new_case" if over else "corrected"
                region.settle(CLUSTER, alert.key, None, why)

    def _wake_quiet(self, region: AlertRegion, last_news: int) -> None:
        quiet_ms = round(region.limits.cluster_quiet_h * _HOUR_MS)
        region.wake(last_news + quiet_ms, CLUSTER, _JUDGE)

    def _judge_report(self, region: AlertRegion, recipient: str, day: int) -> None:
        verdict = self._known.illness(recipient, day)
        key = f"{recipient}/{day}"
        if verdict is not None and verdict.level:
            region.settle(ILLNESS, key, _illness_cause(region, verdict))
            alert = region.book.open(ILLNESS, key)
            if alert is not None:
                region.wake(alert.raised_at + _ILLNESS_MS, CLUSTER, alert.id)
            return
        region.settle(ILLNESS, key, None, "corrected")
        if verdict is None:
            # A report that was taken back does not say that all is as expected.
            return
        for earlier in region.book.open_of(ILLNESS, f"{recipient}/"):
            if int(earlier.key.rpartition("/")[2]) < day:
                region.settle(ILLNESS, earlier.key, None, "as_expected")


# --- events as findings ---------------------------------------------------------------------------------------------------


def _delivered(_region: AlertRegion, event: WatchedEvent) -> Finding:
    data = event.data
    return MealServed(
        event.source, event.id, event.source, event.subject, event.time, data.portions, data.batch, data.trip
    )  # fmt: skip


def _checked(_region: AlertRegion, event: WatchedEvent) -> Finding:
    data = event.data
    trip = "" if data.trip is UNSET else data.trip
    return MealServed(
        event.source, event.id, data.kitchen, event.source, event.time, data.portions, "", trip
    )


def _cooked(region: AlertRegion, event: WatchedEvent) -> Finding | None:
    lots = tuple(
        f"{one.data.supplier}/{lot}"
        for lot in event.data.lots or ()
        for one in list(region.facts.of("lot", event.source, lot))[:1]
    )
    return BatchCooked(event.source, event.id, event.data.batch, event.time, lots) if lots else None


def _case(region: AlertRegion, event: WatchedEvent) -> Finding | None:
    data = event.data
    if data.syndrome == "other":
        return None
    ate_at = None if data.ate_at is UNSET else epoch_ms(data.ate_at)
    where = (event.subject, _place(region, event))
    return PatientSeen(
        event.source, event.id, data.patient, *where, epoch_ms(data.onset), event.since, ate_at
    )


def _counted(region: AlertRegion, event: WatchedEvent) -> Finding | None:
    data = event.data
    if data.syndrome == "other":
        return None
    where = (event.subject, _place(region, event))
    return PatientsCounted(
        event.source, event.id, *where, data.cases, epoch_ms(data.since), event.since
    )


def _noticed(_region: AlertRegion, event: WatchedEvent) -> Finding:
    return PupilsIll(
        event.source, event.id, event.data.ill, epoch_ms(event.data.since), event.since
    )


def _roll_call(region: AlertRegion, event: WatchedEvent) -> Finding:
    day, present = region.zone.local_day(event.time), sum(event.data.present.values())
    times = (day, event.time, event.recorded, event.since)
    return RollCall(event.source, event.id, *times, present, event.data.absent_ill)


def _place(region: AlertRegion, event: WatchedEvent) -> str:
    """Kecamatan of the clinic; empty for one outside the region."""
    unit = region.registry.unit(event.source, region.zone.local_day(event.time))
    return unit.kecamatan if unit else ""


# --- verdicts as causes ---------------------------------------------------------------------------------------------------


def _cluster_cause(
    region: AlertRegion, verdict: ClusterVerdict, severity: int, part_of: str
) -> AlertCause:
    limits = region.limits
    start = verdict.first_onset or region.zone.day_start_ms(verdict.meal_day)
    rule = {
        "onset_h": [limits.cluster_onset_min_h, limits.cluster_onset_max_h],
        "least_cases": limits.cluster_min_cases,
        "chance": [limits.cluster_p_pantau, limits.cluster_p_waspada, limits.cluster_p_siaga],
        "attack_rate_siaga": limits.cluster_attack_rate_siaga,
    }
    more = {
        name: _shown(value)
        for name, value in msgspec.structs.asdict(verdict).items()
        if name not in ("unit", "level", "events", "all_events", "meal_day")
    }
    for name in ("first_onset", "last_onset", "last_news"):
        moment = getattr(verdict, name)
        more[name] = None if moment is None else rfc3339(moment)
    more |= {
        "meal_day": day_to_iso(verdict.meal_day),
        "meal_day_number": verdict.meal_day,
        "units": list(verdict.units) or [verdict.unit],
        "suggested_agents": list(verdict.suggested_agents),
        "events_counted": len(verdict.all_events),
    }
    events = tuple([identity for _, _, identity in verdict.events])
    return AlertCause(verdict.unit, verdict.lot, start, severity, rule, events, more, part_of)


def _illness_cause(region: AlertRegion, verdict: IllnessVerdict) -> AlertCause:
    row = region.registry.recipient(verdict.recipient, verdict.day)
    unit = row.unit_id if row else ""
    cluster = region.book.open(CLUSTER, f"{unit}/")
    more = {
        name: _shown(value)
        for name, value in msgspec.structs.asdict(verdict).items()
        if name not in ("recipient", "day", "level", "events")
    }
    return AlertCause(
        unit,
        verdict.recipient,
        region.zone.day_start_ms(verdict.day),
        verdict.level,
        {"baseline_days": region.limits.cluster_baseline_days},
        tuple(identity for _, identity in verdict.events),
        more,
        cluster.id if cluster else "",
    )


def _shown(value: Any) -> Any:
    """Numbers to four digits: more would say that they are known."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value

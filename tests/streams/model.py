"""The contract's sections 2 and 5 as plain loops over a list of lines: slow, obvious, and no code shared with `streams.core`.

    lines, registry, time now --> accept() --> accepted events --> counts() --> rows() : every row that must exist now

WHO z-scores are not computed here: a measurement's flags come from whoever made the history (`zscores`).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.partition import partition_of
from contracts.registry import RegionRegistry, Registry
from contracts.windows import GROUPS

MINUTE: Final = 60_000
PANE: Final = 5 * MINUTE
DAY: Final = 86_400_000
PANES: Final = {"15m": 3, "1h": 12}
DAYS: Final = {"1d": 1, "7d": 7, "30d": 30}
EVERY_GROUP: Final = (*GROUPS, "all")
SILENT: Final = ("unit.heartbeat", "event.retracted")
RETRACTION: Final = "event.retracted"

Key = tuple[str, str, str, str, str, str]
"""view, level, area, group (or ''), window, window_end"""
Rows = dict[Key, dict[str, Any]]


@dataclass(frozen=True)
class Arrival:
    """One line where it lies: `append_ms` is the broker's append time on the region's clock."""

    topic: str
    partition: int
    offset: int
    line: int
    append_ms: int
    raw: bytes


@dataclass(eq=False)
class Said:
    """An accepted event."""

    body: dict[str, Any]
    region: str
    kind: str
    unit: str
    time: int
    received: int
    recorded: int
    place: tuple[str, int, int, int]

    def __post_init__(self) -> None:
        self.id: str = self.body["id"]
        self.type: str = self.body["type"]
        self.names: str | None = self.body.get("supersedes")
        self.data: dict[str, Any] = self.body["data"]


def ms(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@lru_cache(maxsize=100_000)
def utc(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(zone: ZoneInfo, moment_ms: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)).astimezone(zone)


@lru_cache(maxsize=100_000)
def day_of(zone: ZoneInfo, moment_ms: int) -> int:
    return (local(zone, moment_ms).date() - date(1970, 1, 1)).days


@lru_cache(maxsize=10_000)
def day_start(zone: ZoneInfo, day: int) -> int:
    midnight = datetime.combine(date(1970, 1, 1) + timedelta(days=day), datetime.min.time(), zone)
    return round(midnight.timestamp() * 1000)


@lru_cache(maxsize=10_000)
def iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


@dataclass
class Registered:
    """Of one day: portions by the kitchen's area; (recipient, registered) by the recipient's area and group."""

    portions: dict[str, int] = field(default_factory=dict)
    of_area: dict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=dict)


@dataclass
class Model:
    """`registries`: all rows there will ever be; `first_ms`: when the installation first knew its regions."""

    registries: Sequence[RegionRegistry]
    partitions: int
    first_ms: int
    zscores: Mapping[tuple[float, float], tuple[bool, bool]]
    accepted: list[Said] = field(default_factory=list)
    exceptions: dict[tuple[str, int, int, int], tuple[str, set[str]]] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.registry = Registry(self.registries)
        self.zones = {one.region.code: ZoneInfo(one.region.timezone) for one in self.registries}
        self._of_id: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._naming: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._registered: dict[tuple[str, int], Registered] = {}

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Lines in order of arrival (of one partition; partitions in any order)."""
        for arrival in arrivals:
            place = (arrival.topic, arrival.partition, arrival.offset, arrival.line)
            faults = self.faults(arrival)
            if faults:
                self.exceptions[place] = ("refused", faults)
                continue
            said = self._said(json.loads(arrival.raw), arrival, place)
            copies = [one for one in self._of_id[said.unit, said.id] if bear(one, said)]
            if copies:
                same = any(equal(one, said) for one in copies)
                self.exceptions[place] = ("duplicate", {""}) if same else ("conflict", {"conflict"})
                continue
            self.accepted.append(said)
            self._of_id[said.unit, said.id].append(said)
            if said.names:
                self._naming[said.unit, said.names].append(said)
        self.wrong = {
            one.id
            for one in self.accepted
            if one.type != RETRACTION and any(one.type != t.type for t in self.targets(one))
        }

    def _said(self, body: dict[str, Any], arrival: Arrival, place: Any) -> Said:
        _, region, kind, unit = body["source"].split("/")
        time = ms(body["time"])
        return Said(
            body,
            region,
            kind,
            unit,
            time,
            received_ms(body, arrival.append_ms),
            ms(body.get("recordedtime") or body["time"]),
            place,
        )

    def faults(self, arrival: Arrival) -> set[str]:
        """Every code that the line deserves; empty: accepted."""
        try:
            body = json.loads(arrival.raw)
        except ValueError:
            return {"not_json"}
        if not isinstance(body, dict):
            return {"not_an_event"}
        if body.get("type") not in KINDS:
            return {"unknown_type"}
        found = {
            code
            for name, code in (("id", "missing_field"), ("data", "missing_field"))
            if name not in body
        }
        data = body.get("data", {})
        if "portions" in data and not 0 <= data["portions"] <= 100_000:
            found.add("out_of_range")
        if "surprise" in data:
            found.add("unknown_field")
        if found:
            return found
        _, region, kind, unit = body["source"].split("/")
        if arrival.topic != f"{kind}.events" or arrival.partition != partition_of(
            unit, self.partitions
        ):
            return {"wrong_partition"}
        return self._registry_faults(body, region, kind, unit, arrival.append_ms)

    def _registry_faults(
        self, body: dict[str, Any], region: str, kind: str, unit: str, append_ms: int
    ) -> set[str]:
        time, received = ms(body["time"]), received_ms(body, append_ms)
        found = set()
        if time < received - 30 * DAY:
            found.add("too_old")
        if time > received + 5 * MINUTE:
            found.add("in_future")
        if self.registry.region_of_unit(unit) != region:
            return found | {"unknown_unit"}
        day = day_of(self.zones[region], time)
        row = self.registry.unit(unit, day)
        if row is None:
            found.add("unknown_unit")
        elif row.kind != kind or KINDS[body["type"]] not in ("", kind):
            found.add("wrong_kind")
        subject = body.get("subject")
        if subject and (
            self.registry.region_of_recipient(subject) != region
            or self.registry.recipient(subject, day) is None
        ):
            found.add("unknown_recipient")
        return found | self._content_faults(body, time)

    def _content_faults(self, body: dict[str, Any], time: int) -> set[str]:
        found = set()
        if body.get("supersedes") == body["id"]:
            found.add("self_superseding")
        if body["type"] == "sppg.delivery.received":
            cooked = ms(body["data"]["cooked_at"])
            if cooked > time:
                found.add("cooked_at_after_time")
            if cooked < time - DAY:
                found.add("cooked_at_too_early")
        if body["type"] == "clinic.case.reported" and ms(body["data"]["onset"]) > time:
            found.add("onset_after_time")
        return found

    # --- corrections ------------------------------------------------------------------------------------------------

    def targets(self, one: Said) -> list[Said]:
        return (
            [t for t in self._of_id[one.unit, one.names] if bear(one, t)]
            if one.names and (one.unit, one.names) in self._of_id
            else []
        )

    def _may_correct(self, one: Said, target: Said) -> bool:
        return target.type != RETRACTION and one.type in (target.type, RETRACTION)

    def _in_time(self, group: Iterable[Said], judged: Said) -> list[Said]:
        """Nothing received more than 30 days after the time of the judged one has a say."""
        return [x for x in group if x is judged or x.received <= judged.time + 30 * DAY]

    def _fits(self, one: Said, judged: Said) -> list[Said]:
        return [t for t in self._in_time(self.targets(one), judged) if self._may_correct(one, t)]

    def _is_correction(self, one: Said, judged: Said) -> bool:
        """Not if what it names is there and cannot be corrected by it."""
        return not self._in_time(self.targets(one), judged) or bool(self._fits(one, judged))

    def _stands(self, one: Said, judged: Said, above: tuple[Said, ...] = ()) -> bool:
        if not one.names:
            return True
        if not self._is_correction(one, judged):
            return False
        for rival in self._in_time(self._naming[one.unit, one.names], judged):
            if (
                rival is not one
                and bear(rival, one)
                and self._is_correction(rival, judged)
                and rank(rival) > rank(one)
            ):
                return False
        targets = self._fits(one, judged)
        return not targets or any(
            t not in (one, *above) and self._stands(t, judged, (one, *above)) for t in targets
        )

    def _corrected_by(self, one: Said, judged: Said) -> list[Said]:
        return [
            c
            for c in self._in_time(self._naming.get((one.unit, one.id), []), judged)
            if bear(c, one) and self._may_correct(c, one)
        ]

    def counts(self, one: Said) -> bool:
        return (
            one.type != RETRACTION and self._stands(one, one) and not self._corrected_by(one, one)
        )

    # --- rows -------------------------------------------------------------------------------------------------------

    def rows(self, now_ms: int) -> Rows:
        """Every row that must exist when the region's clock shows `now_ms`."""
        self._by_place = self._placed(one for one in self.accepted if self.counts(one))
        wanted: set[tuple[str, str, str, str, str, str, int]] = set()
        for region in self.zones:
            wanted |= self._silent_rows(region, now_ms)
        for one in self.accepted:
            if one.type not in SILENT:
                wanted |= self._rows_of(one, now_ms)
        return dict(self._row(*row) for row in wanted)

    def _placed(self, events: Iterable[Said]) -> dict[tuple[str, str, str], list[Said]]:
        placed: dict[tuple[str, str, str], list[Said]] = defaultdict(list)
        for one in sorted(events, key=lambda one: one.time):
            if one.type not in SILENT:
                for view, level, area, _ in self._places(one):
                    placed[view, level, area].append(one)
        return placed

    def _places(self, one: Said) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
        """(view, level, area, groups) of an event."""
        day = day_of(self.zones[one.region], one.time)
        unit = self.registry.unit(one.unit, day)
        assert unit is not None
        view = "performance" if one.kind == "sppg" else "clinic_coverage"
        yield view, "unit", one.unit, ("",)
        yield view, "kecamatan", unit.kecamatan, ("",)
        yield view, "kabupaten", one.region, ("",)
        if one.type == "sppg.meal.eaten":
            groups = (*one.data["eaten"], "all")
            recipient = self.registry.recipient(one.body["subject"], day)
            assert recipient is not None
            yield "coverage", "recipient", recipient.recipient_id, groups
            yield "coverage", "kecamatan", recipient.kecamatan, groups
            yield "coverage", "kabupaten", one.region, groups

    def _rows_of(self, one: Said, now_ms: int) -> set[Any]:
        zone = self.zones[one.region]
        pane, day = one.time // PANE, day_of(zone, one.time)
        ends = [
            (window, end)
            for window, length in PANES.items()
            for end in range(pane + 1, pane + length + 1)
            if (end - 1) * PANE <= now_ms
        ] + [
            (window, last)
            for window, length in DAYS.items()
            for last in range(day, day + length)
            if last <= day_of(zone, now_ms)
        ]
        return {
            (one.region, view, level, area, group, window, end)
            for view, level, area, groups in self._places(one)
            for group in groups
            for window, end in ends
        }

    def _silent_rows(self, region: str, now_ms: int) -> set[Any]:
        zone = self.zones[region]
        found = set()
        for day in range(day_of(zone, self.first_ms), day_of(zone, now_ms) + 1):
            places: list[tuple[str, str, str, str]] = []
            for unit in self.registry.units_in_force(region, day).values():
                view = "performance" if unit.kind == "sppg" else "clinic_coverage"
                places.append((view, "unit", unit.unit_id, ""))
            for recipient in self.registry.recipients_in_force(region, day).values():
                groups = (*(g for g, n in recipient.registered.items() if n > 0), "all")
                places += [("coverage", "recipient", recipient.recipient_id, g) for g in groups]
            kecamatan = [one.code for one in self.registry.region(region).kecamatan]
            for level, area in (
                *(("kecamatan", code) for code in kecamatan),
                ("kabupaten", region),
            ):
                places += [("performance", level, area, ""), ("clinic_coverage", level, area, "")]
                places += [("coverage", level, area, group) for group in EVERY_GROUP]
            found |= {(region, *place, window, day) for place in places for window in DAYS}
        return found

    def _row(
        self, region: str, view: str, level: str, area: str, group: str, window: str, end: int
    ) -> tuple[Key, dict[str, Any]]:
        zone = self.zones[region]
        if window in PANES:
            start_ms, end_ms = (end - PANES[window]) * PANE, end * PANE
            days: range | None = None
        else:
            days = range(end - DAYS[window] + 1, end + 1)
            start_ms, end_ms = day_start(zone, days[0]), day_start(zone, end + 1)
        events = self._by_place.get((view, level, area), [])
        first = bisect_left(events, start_ms, key=lambda one: one.time)
        last = bisect_left(events, end_ms, key=lambda one: one.time)
        row = {
            "region": region,
            "level": level,
            "area_id": area,
            "window": window,
            "window_start": utc(start_ms),
            "window_end": utc(end_ms),
            "day": iso(day_of(zone, end_ms - 1)),
        }
        metrics: dict[str, Any]
        if view == "performance":
            metrics = self._performance(region, area, events[first:last], days)
        elif view == "coverage":
            row["group"] = group
            metrics = self._coverage(region, area, group, events[first:last], days)
        else:
            metrics = self._clinic(region, area, events[first:last], days)
        return (view, level, area, group, window, utc(end_ms)), row | metrics

    def _performance(
        self, region: str, area: str, events: list[Said], days: range | None
    ) -> dict[str, Any]:
        sorts = by_type(events)

        def of(type_: str) -> list[dict[str, Any]]:
            return [one.data for one in sorts.get(type_, ())]

        received = sorts.get("sppg.delivery.received", [])
        minutes = sorted((one.time - ms(one.data["cooked_at"])) // MINUTE for one in received)
        readings = of("sppg.temperature.measured")
        meals = of("sppg.meal.eaten")
        tests = of("sppg.food.tested")
        return {
            "portions_cooked": sum(d["portions"] for d in of("sppg.cooking.finished")),
            "portions_dispatched": sum(d["portions"] for d in of("sppg.dispatch.departed")),
            "portions_received": sum(one.data["portions"] for one in received),
            "portions_eaten": sum(sum(d["eaten"].values()) for d in meals),
            "deliveries": len(received),
            "deliveries_on_time": sum(self._is_on_time(one) for one in received),
            "deliveries_over_4h": sum(m > 240 for m in minutes),
            "deliveries_over_6h": sum(m > 360 for m in minutes),
            "tests": len(tests),
            "tests_failed": sum(not d["passed"] for d in tests),
            "temp_readings": len(readings),
            "temp_in_range": sum(SAFE[d["point"]](d["temp_c"]) for d in readings),
            "leftover_g": sum(d["leftover_g"] for d in meals),
            "incidents": len(of("sppg.incident.reported")),
            "events": len(events),
            "cook_to_receive_p50_min": quantile(minutes, 50),
            "cook_to_receive_p95_min": quantile(minutes, 95),
            "cook_to_receive_max_min": minutes[-1] if minutes else None,
            "portions_target": None
            if days is None
            else sum(self._registered_on(region, day).portions.get(area, 0) for day in days),
        }

    def _is_on_time(self, one: Said) -> bool:
        clock = local(self.zones[one.region], one.time)
        row = self.registry.recipient(one.body["subject"], day_of(self.zones[one.region], one.time))
        assert row is not None
        return clock.replace(tzinfo=None) <= datetime.combine(
            clock.date(), datetime.min.time()
        ) + timedelta(minutes=row.meal_time)

    def _registered_on(self, region: str, day: int) -> Registered:
        """What is registered on a service day; nothing on others."""
        known = self._registered.get((region, day))
        if known is not None:
            return known
        found = self._registered[region, day] = Registered()
        about = self.registry.region(region)
        weekday = (date(1970, 1, 1) + timedelta(days=day)).isoweekday()
        if weekday not in about.service_weekdays or day in about.holidays:
            return found
        for recipient in self.registry.recipients_in_force(region, day).values():
            kitchen = self.registry.unit(recipient.unit_id, day)
            if recipient.status == "active" and kitchen and kitchen.status == "active":
                everybody = sum(recipient.registered.values())
                for area in (kitchen.unit_id, kitchen.kecamatan, region):
                    found.portions[area] = found.portions.get(area, 0) + everybody
                for area in (recipient.recipient_id, recipient.kecamatan, region):
                    for group, n in (*recipient.registered.items(), ("all", everybody)):
                        found.of_area.setdefault((area, group), []).append(
                            (recipient.recipient_id, n)
                        )
        return found

    def _coverage(
        self, region: str, area: str, group: str, events: list[Said], days: range | None
    ) -> dict[str, Any]:
        eaten: dict[str, int] = defaultdict(int)
        for one in events:
            for name, portions in one.data["eaten"].items():
                if group in (name, "all"):
                    eaten[one.body["subject"]] += portions
        target = [
            one
            for day in days or ()
            for one in self._registered_on(region, day).of_area.get((area, group), ())
        ]
        return {
            "eaten": sum(eaten.values()),
            "target": None if days is None else sum(n for _, n in target),
            "recipients_served": sum(n > 0 for n in eaten.values()),
            "recipients_target": None if days is None else len({r for r, n in target if n > 0}),
        }

    def _clinic(
        self, region: str, area: str, events: list[Said], days: range | None
    ) -> dict[str, Any]:
        sorts = by_type(events)

        def of(type_: str) -> list[Said]:
            return sorts.get(type_, [])

        last: dict[str, Said] = {}
        for one in sorted(
            of("clinic.growth.measured"), key=lambda one: (one.time, one.body["source"], one.id)
        ):
            last[one.data["child"]] = one
        flags = [
            self.zscores[one.data["weight_kg"], one.data["height_cm"]] for one in last.values()
        ]
        doses = of("clinic.immunization.given")
        visits = [one.data for one in of("clinic.antenatal.visited")]
        clinics = (
            []
            if days is None
            else [
                unit
                for unit in self.registry.units_in_force(region, days[-1]).values()
                if unit.kind == "clinic" and unit.status == "active"
            ]
        )
        return {
            "children_measured": len(last),
            "children_registered": None
            if days is None
            else sum(
                unit.registered_children
                for unit in clinics
                if area in (unit.unit_id, unit.kecamatan, region)
            ),
            "children_stunted": sum(stunted for stunted, _ in flags),
            "children_wasted": sum(wasted for _, wasted in flags),
            "children_immunized": len({one.data["child"] for one in doses}),
            "doses_given": len(doses),
            "mothers_seen": len({d["mother"] for d in visits}),
            "mothers_anaemic": len({d["mother"] for d in visits if d.get("hb_g_dl", 99) < 11}),
            "foodborne_cases": sum(
                one.data["syndrome"] == "foodborne" for one in of("clinic.case.reported")
            ),
        }


KINDS: Final = {
    "sppg.cooking.finished": "sppg",
    "sppg.dispatch.departed": "sppg",
    "sppg.delivery.received": "sppg",
    "sppg.meal.eaten": "sppg",
    "sppg.temperature.measured": "sppg",
    "sppg.food.tested": "sppg",
    "sppg.incident.reported": "sppg",
    "clinic.growth.measured": "clinic",
    "clinic.immunization.given": "clinic",
    "clinic.antenatal.visited": "clinic",
    "clinic.case.reported": "clinic",
    "unit.heartbeat": "",
    "event.retracted": "",
}
SAFE: Final = {
    "chiller": lambda celsius: 0 <= celsius <= 5,
    "freezer": lambda celsius: celsius <= -18,
    "hot_holding": lambda celsius: celsius >= 60,
}


def received_ms(body: dict[str, Any], append_ms: int) -> int:
    stamped = body.get("receivedtime")
    if stamped is not None and append_ms - 2 * MINUTE <= ms(stamped) <= append_ms:
        return ms(stamped)
    return append_ms


def bear(one: Said, other: Said) -> bool:
    later = max(one.received, other.received)
    return all(later - each.time <= 30 * DAY for each in (one, other))


def rank(one: Said) -> tuple[int, str]:
    return (one.recorded, one.id)


def equal(one: Said, other: Said) -> bool:
    mine, theirs = ((x.type, x.body.get("subject"), x.names, x.time, x.data) for x in (one, other))
    return mine == theirs


def by_type(events: list[Said]) -> dict[str, list[Said]]:
    sorts: dict[str, list[Said]] = {}
    for one in events:
        sorts.setdefault(one.type, []).append(one)
    return sorts


def quantile(ordered: list[int], percent: int) -> int | None:
    return ordered[len(ordered) * percent // 100] if ordered else None

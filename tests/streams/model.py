"""The contract's sections 2 and 5 as plain loops over a list of lines: slow, obvious, and no code shared with `streams.core`.

    lines, registry, time now --> accept() --> accepted events --> counts() --> rows() : every row that must exist now

WHO z-scores are not computed here: a measurement's flags come from whoever made the history (`zscores`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from contracts.registry.entities import Recipient, Unit
from tests.naive_calendar import ruled
from tests.streams.model_verdicts import ModelVerdicts
from tests.streams.model_words import (
    DAYS,
    EVERY_GROUP,
    MINUTE,
    PANE,
    PANES,
    SAFE,
    SILENT,
    AcceptedEvent,
    Key,
    Registered,
    Rows,
    by_type,
    day_of,
    day_start,
    iso,
    local,
    ms,
    quantile,
    rank,
    utc,
)

_NOT_OF_KITCHENS = (
    *("eaten_confirmed", "leftover_confirmed_g", "present", "absent_ill"),
    *("ill_noticed", "declined", "reporting", "events"),
)


class Model(ModelVerdicts):
    """All of it: from lines to the rows that must exist."""

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

    def _placed(
        self, events: Iterable[AcceptedEvent]
    ) -> dict[tuple[str, str, str], list[AcceptedEvent]]:
        placed: dict[tuple[str, str, str], list[AcceptedEvent]] = defaultdict(list)
        for one in sorted(events, key=lambda one: one.time):
            if one.type not in SILENT:
                for view, level, area, _ in self._places(one):
                    placed[view, level, area].append(one)
        return placed

    def _places(self, one: AcceptedEvent) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
        """(view, level, area, groups) of an event."""
        day = day_of(self.zones[one.region], one.time)
        if one.kind == "recipient":
            place: Recipient | Unit | None = self.registry.recipient(one.unit, day)
            view = "reception"
            yield view, "recipient", one.unit, ("",)
            if "kitchen" in one.data:
                yield view, "unit", one.data["kitchen"], ("",)
        else:
            place = self.registry.unit(one.unit, day)
            view = "performance" if one.kind == "sppg" else "clinic_coverage"
            yield view, "unit", one.unit, ("",)
        assert place is not None
        if place.kecamatan:
            yield view, "kecamatan", place.kecamatan, ("",)
        yield view, "kabupaten", one.region, ("",)
        if one.type == "sppg.meal.eaten":
            groups = (*one.data["eaten"], "all")
            recipient = self.registry.recipient(one.body["subject"], day)
            assert recipient is not None
            yield "coverage", "recipient", recipient.recipient_id, groups
            yield "coverage", "kecamatan", recipient.kecamatan, groups
            yield "coverage", "kabupaten", one.region, groups

    def _rows_of(self, one: AcceptedEvent, now_ms: int) -> set[Any]:
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
                if unit.kind == "sppg":
                    places.append(("reception", "unit", unit.unit_id, ""))
            for recipient in self.registry.recipients_in_force(region, day).values():
                groups = (*(g for g, n in recipient.registered.items() if n > 0), "all")
                places += [("coverage", "recipient", recipient.recipient_id, g) for g in groups]
                places.append(("reception", "recipient", recipient.recipient_id, ""))
            kecamatan = [one.code for one in self.registry.region(region).kecamatan]
            for level, area in (
                *(("kecamatan", code) for code in kecamatan),
                ("kabupaten", region),
            ):
                views = ("performance", "clinic_coverage", "reception")
                places += [(view, level, area, "") for view in views]
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
        elif view == "reception":
            metrics = self._reception(region, level, events[first:last])
        else:
            metrics = self._clinic(region, area, events[first:last], days)
        return (view, level, area, group, window, utc(end_ms)), row | metrics

    def _performance(
        self, region: str, area: str, events: list[AcceptedEvent], days: range | None
    ) -> dict[str, Any]:
        sorts = by_type(events)

        def of(type_: str) -> list[dict[str, Any]]:
            return [one.data for one in sorts.get(type_, ())]

        received = sorts.get("sppg.delivery.received", [])
        minutes = sorted(
            (one.time - ms(one.data["cooked_at"])) // MINUTE
            for one in received
            if one.data.get("package", "fresh") == "fresh"
        )
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

    def _is_on_time(self, one: AcceptedEvent) -> bool:
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
        (rows,) = (one for one in self.registries if one.region.code == region)
        for recipient in self.registry.recipients_in_force(region, day).values():
            kitchen = self.registry.unit(recipient.unit_id, day)
            if recipient.status == "active" and kitchen and kitchen.status == "active":
                served = {
                    group: n
                    for group, n in recipient.registered.items()
                    if ruled(rows, recipient, group, day)[0]
                }
                everybody = sum(served.values())
                for area in (kitchen.unit_id, kitchen.kecamatan, region):
                    found.portions[area] = found.portions.get(area, 0) + everybody
                for area in (recipient.recipient_id, recipient.kecamatan, region):
                    for group, n in (*served.items(), ("all", everybody)):
                        found.of_area.setdefault((area, group), []).append(
                            (recipient.recipient_id, n)
                        )
        return found

    def _coverage(
        self, region: str, area: str, group: str, events: list[AcceptedEvent], days: range | None
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

    def _reception(self, region: str, level: str, events: list[AcceptedEvent]) -> dict[str, Any]:
        sorts = by_type(events)

        def of(type_: str) -> list[dict[str, Any]]:
            return [one.data for one in sorts.get(type_, ())]

        checks = of("recipient.delivery.checked")
        numbers: dict[str, Any] = {
            "checks": len(checks),
            "portions_confirmed": sum(d["portions"] for d in checks),
            "portions_refused": sum(d["refused"] for d in checks),
            "senses_failed": sum(not d["senses_passed"] for d in checks),
        }
        if level == "unit":
            return numbers | dict.fromkeys(_NOT_OF_KITCHENS)
        zone = self.zones[region]
        last: dict[tuple[str, int], AcceptedEvent] = {}
        for one in sorted(sorts.get("recipient.attendance.reported", ()), key=rank):
            last[one.unit, day_of(zone, one.time)] = one
        declined: dict[tuple[str, int, str], int] = {}
        for one in sorts.get("recipient.service.declined", ()):
            day = day_of(zone, one.time)
            registered = self.registry.registered(one.unit, day)
            for group in one.data["groups"] or registered:
                declined[one.unit, day, group] = registered.get(group, 0)
        meals = of("recipient.meal.eaten")
        return numbers | {
            "eaten_confirmed": sum(sum(d["eaten"].values()) for d in meals),
            "leftover_confirmed_g": sum(d["leftover_g"] for d in meals),
            "present": sum(sum(one.data["present"].values()) for one in last.values()),
            "absent_ill": sum(one.data["absent_ill"] for one in last.values()),
            "ill_noticed": sum(d["ill"] for d in of("recipient.illness.noticed")),
            "declined": sum(declined.values()),
            "reporting": len({one.unit for one in events}),
            "events": len(events),
        }

    def _clinic(
        self, region: str, area: str, events: list[AcceptedEvent], days: range | None
    ) -> dict[str, Any]:
        sorts = by_type(events)

        def of(type_: str) -> list[AcceptedEvent]:
            return sorts.get(type_, [])

        last: dict[str, AcceptedEvent] = {}
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
            "foodborne_counted": sum(
                one.data["cases"]
                for one in of("clinic.cases.counted")
                if one.data["syndrome"] == "foodborne"
            ),
        }

"""The rows that section "windows" of the docs promises for a list of events: computed the slow and plain way.

Shares nothing with the folds: reads the region's CSV files, walks corrections by hand, filters all events for each row.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

Event = dict[str, Any]
Key = tuple[str, str, str, datetime, str]
"""(level, area_id, window, window_end in UTC, group or "")."""
Rows = dict[Key, dict[str, Any]]

GROUPS: Final = ("paud", "sd", "smp", "sma", "santri", "guru", "bumil", "busui", "balita")
_PANE: Final = timedelta(minutes=5)
_PANES: Final = {"15m": 3, "1h": 12}
_DAYS: Final = {"1d": 1, "7d": 7, "30d": 30}
_UTC: Final = ZoneInfo("UTC")


class Folder:
    """A region's folder. Its rows are in force on all days that tests speak of."""

    def __init__(self, folder: Path) -> None:
        said = yaml.safe_load((folder / "region.yaml").read_text())
        self.code: str = said["code"]
        self.zone = ZoneInfo(said["timezone"])
        self.weekdays: list[int] = said["service_weekdays"]
        self.kecamatan: list[str] = [one["code"] for one in said["kecamatan"]]
        self.units = {row["unit_id"]: row for row in _rows(folder / "units.csv")}
        self.recipients = {row["recipient_id"]: row for row in _rows(folder / "recipients.csv")}
        holidays = [
            {"from": str(one), "to": str(one), "scope": "", "groups": "", "served": "0"}
            for one in said["holidays"]
        ]
        self.calendar = [*holidays, *_rows(folder / "calendar.csv")]
        assert {row["status"] for row in (*self.units.values(), *self.recipients.values())} == {
            "active"
        }

    @property
    def kitchens(self) -> list[str]:
        return [unit for unit, row in self.units.items() if row["kind"] == "sppg"]

    def fed_by(self, kitchen: str) -> list[str]:
        return [one for one, row in self.recipients.items() if row["unit_id"] == kitchen]

    def registered(self, recipient: str, group: str) -> int:
        groups = GROUPS if group == "all" else (group,)
        return sum(int(self.recipients[recipient][one]) for one in groups)

    @cache  # noqa: B019 - there is one folder
    def registered_on(self, day: date, group: str) -> dict[str, int]:
        """By recipient, those of the groups that are served on a local day."""
        groups = GROUPS if group == "all" else (group,)
        lines = [one for one in self.calendar if one["from"] <= day.isoformat() <= one["to"]]
        return {
            recipient: sum(int(row[one]) for one in groups if self._is_served(row, one, lines, day))
            for recipient, row in self.recipients.items()
        }

    def _is_served(
        self, recipient: dict[str, str], group: str, lines: list[dict[str, str]], day: date
    ) -> bool:
        """The narrowest scope wins, then the line that names the group, then the later one."""
        scopes = ("", recipient["kecamatan"], recipient["unit_id"], recipient["recipient_id"])
        about = [
            (scopes.index(one["scope"]), bool(one["groups"]), number, one["served"] == "1")
            for number, one in enumerate(lines)
            if one["scope"] in scopes and (not one["groups"] or group in one["groups"].split())
        ]
        return max(about)[-1] if about else day.isoweekday() in self.weekdays

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def time_of(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


def first_copies(accepted: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """Of each (source, id) the first: duplicates and conflicts have no effect."""
    found: dict[tuple[str, str], Event] = {}
    for event in accepted:
        found.setdefault((event["source"], event["id"]), event)
    return found


def counting(events: dict[tuple[str, str], Event]) -> list[Event]:
    """What counts at last: from each event that corrects nothing known, step by step to the winning correction."""
    corrections: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events.values():
        if "supersedes" in event:
            corrections[event["source"], event["supersedes"]].append(event)
    found = []
    for event in events.values():
        if (event["source"], event.get("supersedes", "")) in events:
            continue
        rivals = (
            [event]
            if "supersedes" not in event
            else corrections[event["source"], event["supersedes"]]
        )
        at = max(rivals, key=_said_last)
        if at is not event:
            continue
        while at["type"] != "event.retracted" and (
            after := corrections.get((at["source"], at["id"]))
        ):
            at = max(after, key=_said_last)
        if at["type"] not in ("event.retracted", "unit.heartbeat"):
            found.append(at)
    return found


def _said_last(event: Event) -> tuple[datetime, str]:
    return datetime.fromisoformat(
        event["recordedtime" if "recordedtime" in event else "time"]
    ), event["id"]


class Expected:
    """The rows of the views at `now`, for an installation that lives since `since`."""

    def __init__(
        self, folder: Folder, accepted: Iterable[Event], since: datetime, now: datetime
    ) -> None:
        self._folder = folder
        self._now = now
        first, last = folder.local_day(since), folder.local_day(now)
        self._lived = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        events = first_copies(accepted)
        self._seen = [
            event
            for event in events.values()
            if event["type"] not in ("event.retracted", "unit.heartbeat")
        ]
        self._counting = counting(events)

    def performance(self) -> Rows:
        """By kitchens."""
        rows: Rows = {}
        seen, counts = self._by_kitchen(self._seen), self._by_kitchen(self._counting)
        for place in self._kitchen_places():
            for window, start, end in self._windows(map(time_of, seen[place])):
                inside = [one for one in counts[place] if start <= time_of(one) < end]
                row = self._performance(inside)
                row["portions_target"] = None
                if window in _DAYS:
                    row["portions_target"] = sum(
                        self._folder.registered_on(day, "all")[recipient]
                        for day in self._days(start, end)
                        for recipient in self._fed_in(place)
                    )
                rows[(*place, window, end.astimezone(_UTC), "")] = row
        return rows

    def coverage(self) -> Rows:
        """By recipients and groups."""
        rows: Rows = {}
        seen, counts = self._by_recipient(self._seen), self._by_recipient(self._counting)
        for place in self._recipient_places():
            for group in (*GROUPS, "all"):
                named = [
                    time_of(one)
                    for one in seen[place]
                    if group == "all" or group in one["data"]["eaten"]
                ]
                for window, start, end in self._windows(named, self._is_row(place, group)):
                    inside = [one for one in counts[place] if start <= time_of(one) < end]
                    rows[(*place, window, end.astimezone(_UTC), group)] = self._coverage(
                        place, group, window, inside, self._days(start, end)
                    )
        return rows

    # --- places --------------------------------------------------------------------------------------------------

    def _kitchen_places(self) -> list[tuple[str, str]]:
        folder = self._folder
        areas = [("kecamatan", code) for code in folder.kecamatan]
        return [*(("unit", unit) for unit in folder.kitchens), *areas, ("kabupaten", folder.code)]

    def _recipient_places(self) -> list[tuple[str, str]]:
        folder = self._folder
        areas = [("kecamatan", code) for code in folder.kecamatan]
        ones = (("recipient", one) for one in folder.recipients)
        return [*ones, *areas, ("kabupaten", folder.code)]

    def _by_kitchen(self, events: list[Event]) -> dict[tuple[str, str], list[Event]]:
        found: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            unit = event["source"].rpartition("/")[2]
            kecamatan = self._folder.units[unit]["kecamatan"]
            for place in (
                ("unit", unit),
                ("kecamatan", kecamatan),
                ("kabupaten", self._folder.code),
            ):
                found[place].append(event)
        return found

    def _by_recipient(self, events: list[Event]) -> dict[tuple[str, str], list[Event]]:
        found: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            if event["type"] == "sppg.meal.eaten":
                one = event["subject"]
                kecamatan = self._folder.recipients[one]["kecamatan"]
                for place in (
                    ("recipient", one), ("kecamatan", kecamatan), ("kabupaten", self._folder.code)
                ):  # fmt: skip
                    found[place].append(event)
        return found

    def _fed_in(self, place: tuple[str, str]) -> list[str]:
        """Recipients whose kitchen lies in the place."""
        level, area = place
        folder = self._folder
        if level == "unit":
            return folder.fed_by(area)
        return [
            one
            for one, row in folder.recipients.items()
            if level == "kabupaten" or folder.units[row["unit_id"]]["kecamatan"] == area
        ]

    def _is_row(self, place: tuple[str, str], group: str) -> bool:
        """Silence has a row of this group."""
        return place[0] != "recipient" or self._folder.registered(place[1], group) > 0

    # --- windows -------------------------------------------------------------------------------------------------

    def _windows(
        self, times: Iterable[datetime], silence: bool = True
    ) -> set[tuple[str, datetime, datetime]]:
        """(name, start, end) of the windows that have a row by now."""
        moments = list(times)
        found = set()
        for window, panes in _PANES.items():
            for moment in moments:
                at = moment.replace(minute=moment.minute // 5 * 5, second=0, microsecond=0)
                for step in range(panes):
                    end = (at + (step + 1) * _PANE).astimezone(_UTC)
                    if end - _PANE <= self._now:
                        found.add((window, end - panes * _PANE, end))
        for window, days in _DAYS.items():
            last = set(self._lived) if silence else set()
            for moment in moments:
                day = self._folder.local_day(moment)
                last |= {day + timedelta(days=n) for n in range(days)}
            for day in last:
                if day <= self._lived[-1]:
                    start = self._folder.midnight(day - timedelta(days=days - 1))
                    end = self._folder.midnight(day + timedelta(days=1))
                    found.add((window, start.astimezone(_UTC), end.astimezone(_UTC)))
        return found

    def _days(self, start: datetime, end: datetime) -> list[date]:
        day, last = self._folder.local_day(start), self._folder.local_day(end)
        return [day + timedelta(days=n) for n in range((last - day).days)]

    # --- metrics -------------------------------------------------------------------------------------------------

    def _performance(self, events: list[Event]) -> dict[str, Any]:
        of = {kind: [one for one in events if one["type"] == f"sppg.{kind}"] for kind in _KINDS}
        minutes = sorted(map(_minutes, of["delivery.received"]))
        n = len(minutes)
        return {
            "portions_cooked": sum(one["data"]["portions"] for one in of["cooking.finished"]),
            "portions_dispatched": sum(one["data"]["portions"] for one in of["dispatch.departed"]),
            "portions_received": sum(one["data"]["portions"] for one in of["delivery.received"]),
            "portions_eaten": sum(sum(one["data"]["eaten"].values()) for one in of["meal.eaten"]),
            "deliveries": n,
            "deliveries_on_time": sum(map(self._on_time, of["delivery.received"])),
            "deliveries_over_4h": sum(one > 240 for one in minutes),
            "deliveries_over_6h": sum(one > 360 for one in minutes),
            "tests": len(of["food.tested"]),
            "tests_failed": sum(not one["data"]["passed"] for one in of["food.tested"]),
            "temp_readings": len(of["temperature.measured"]),
            "temp_in_range": sum(map(_in_range, of["temperature.measured"])),
            "leftover_g": sum(one["data"]["leftover_g"] for one in of["meal.eaten"]),
            "incidents": len(of["incident.reported"]),
            "events": len(events),
            "cook_to_receive_p50_min": minutes[int(0.5 * n)] if n else None,
            "cook_to_receive_p95_min": minutes[int(0.95 * n)] if n else None,
            "cook_to_receive_max_min": minutes[-1] if n else None,
        }

    def _on_time(self, event: Event) -> bool:
        local = time_of(event).astimezone(self._folder.zone).time()
        hour, minute = self._folder.recipients[event["subject"]]["meal_time"].split(":")
        return local <= local.replace(int(hour), int(minute), 0, 0)

    def _coverage(
        self,
        place: tuple[str, str],
        group: str,
        window: str,
        events: list[Event],
        days: list[date],
    ) -> dict[str, Any]:
        eaten: dict[str, int] = defaultdict(int)
        for event in events:
            said = event["data"]["eaten"]
            eaten[event["subject"]] += sum(said.values()) if group == "all" else said.get(group, 0)
        row = {
            "eaten": sum(eaten.values()),
            "recipients_served": sum(portions > 0 for portions in eaten.values()),
            "target": None,
            "recipients_target": None,
        }
        if window in _DAYS:
            registered = [
                (one, self._folder.registered_on(day, group)[one])
                for day in days
                for one in self._lying_in(place)
            ]
            row["target"] = sum(n for _, n in registered)
            row["recipients_target"] = len({one for one, n in registered if n > 0})
        return row

    def _lying_in(self, place: tuple[str, str]) -> list[str]:
        """Recipients of the place itself."""
        level, area = place
        if level == "recipient":
            return [area]
        return [
            one
            for one, row in self._folder.recipients.items()
            if level == "kabupaten" or row["kecamatan"] == area
        ]


_KINDS: Final = (
    *("cooking.finished", "dispatch.departed", "delivery.received", "meal.eaten"),
    *("food.tested", "temperature.measured", "incident.reported"),
)


def _minutes(event: Event) -> int:
    took = time_of(event) - datetime.fromisoformat(event["data"]["cooked_at"])
    return int(took / timedelta(minutes=1))


def _in_range(event: Event) -> bool:
    point, celsius = event["data"]["point"], float(event["data"]["temp_c"])
    if point == "chiller":
        return 0 <= celsius <= 5
    return celsius <= -18 if point == "freezer" else celsius >= 60

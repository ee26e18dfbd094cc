"""Counters by pane and by day in Faust tables, and the rows of all windows that a change shows in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, MutableMapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.time.clock import real_now_ms

_PANE: Final = timedelta(minutes=5)
_PANES: Final = {"15m": 3, "1h": 12}
_DAYS: Final = {"1d": 1, "7d": 7, "30d": 30}

Table = MutableMapping[str, dict[str, int]]


def what_it_adds(event: dict[str, Any]) -> dict[str, int]:
    """Counter -> what one event adds."""
    data = event["data"]
    match event["type"]:
        case "sppg.cooking.finished":
            adds = {"portions_cooked": data["portions"]}
        case "sppg.delivery.received":
            took = datetime.fromisoformat(event["time"]) - datetime.fromisoformat(data["cooked_at"])
            adds = {
                "portions_received": data["portions"],
                "deliveries": 1,
                "deliveries_over_4h": int(took > timedelta(hours=4)),
            }
        case "sppg.meal.eaten":
            adds = {
                "portions_eaten": sum(data["eaten"].values()),
                "leftover_g": data.get("leftover_g") or 0,
            }
        case "sppg.temperature.measured":
            adds = {"temp_readings": 1, "temp_in_range": int(0 <= data["temp_c"] <= 5)}
        case _:
            adds = {}
    return adds | {"events": 1}


class WindowCounters:
    """`panes` and `days`: tables, "level|id|start" -> counters."""

    def __init__(self, panes: Table, days: Table, zone: ZoneInfo) -> None:
        self._panes, self._days, self._zone = panes, days, zone
        self._changed: set[tuple[str, datetime]] = set()

    def add(self, area: str, time: datetime, adds: dict[str, int]) -> None:
        """Count an event for `area`, "level|id"."""
        local = time.astimezone(self._zone)
        pane = local.replace(minute=local.minute // 5 * 5, second=0, microsecond=0)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for table, start in ((self._panes, pane), (self._days, day)):
            key = f"{area}|{start.isoformat()}"
            table[key] = dict(Counter(table.get(key) or {}) + Counter(adds))
        self._changed.add((area, pane))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each window's row that a change since the last call shows in, as far as it has begun."""
        now = datetime.fromtimestamp(real_now_ms() / 1000, self._zone)
        for area, window, end in {
            (area, *window) for area, pane in self._changed for window in self._windows(pane, now)
        }:
            yield self._row(area, window, end)
        self._changed.clear()

    def _windows(self, pane: datetime, now: datetime) -> Iterator[tuple[str, datetime]]:
        for window, length in _PANES.items():
            for step in range(1, length + 1):
                if (end := pane + step * _PANE) - _PANE <= now:
                    yield window, end
        day = pane.replace(hour=0, minute=0)
        for window, length in _DAYS.items():
            for step in range(1, length + 1):
                if (end := day + timedelta(days=step)) - timedelta(days=1) <= now:
                    yield window, end

    def _row(self, area: str, window: str, end: datetime) -> dict[str, Any]:
        length, table, step = (
            (_PANES[window], self._panes, _PANE)
            if window in _PANES
            else (_DAYS[window], self._days, timedelta(days=1))
        )
        sums: Counter[str] = Counter()
        for back in range(1, length + 1):
            sums.update(table.get(f"{area}|{(end - back * step).isoformat()}") or {})
        level, _, area_id = area.partition("|")
        head = {"level": level, "area_id": area_id, "window": window}
        ends = {"window_start": (end - length * step).isoformat(), "window_end": end.isoformat()}
        return head | ends | {"version": real_now_ms()} | sums

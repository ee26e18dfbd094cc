"""Words of the naive model: lines where they lie, accepted events, times and days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.time.windows import GROUPS

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
class AcceptedEvent:
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
    "sppg.ingredient.received": "sppg",
    "clinic.cases.counted": "clinic",
    "recipient.delivery.checked": "recipient",
    "recipient.meal.eaten": "recipient",
    "recipient.attendance.reported": "recipient",
    "recipient.service.declined": "recipient",
    "recipient.illness.noticed": "recipient",
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


def bear(one: AcceptedEvent, other: AcceptedEvent) -> bool:
    later = max(one.received, other.received)
    return all(later - each.time <= 30 * DAY for each in (one, other))


def rank(one: AcceptedEvent) -> tuple[int, str]:
    return (one.recorded, one.id)


def equal(one: AcceptedEvent, other: AcceptedEvent) -> bool:
    mine, theirs = ((x.type, x.body.get("subject"), x.names, x.time, x.data) for x in (one, other))
    return mine == theirs


def by_type(events: list[AcceptedEvent]) -> dict[str, list[AcceptedEvent]]:
    sorts: dict[str, list[AcceptedEvent]] = {}
    for one in events:
        sorts.setdefault(one.type, []).append(one)
    return sorts


def quantile(ordered: list[int], percent: int) -> int | None:
    return ordered[len(ordered) * percent // 100] if ordered else None

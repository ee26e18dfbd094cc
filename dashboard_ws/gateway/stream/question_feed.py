"""Kitchens whose figures of the last day of service deserve a question: view `plausibility`, asked of ClickHouse now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from chassis import logs
from chassis.feeds.registry_feed import RegistryFeed
from chassis.settings import Settings
from contracts.registry.entities import Registry
from contracts.time.days import day_to_iso
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.stream.analyst_store import AnalystStore, StoreAwayError

_SEARCH_DAYS: Final = 30
# What has an alert or a row of its own on its day is not asked about again on the next.
_SHOWN_ON_THEIR_DAY: Final = ("cooked_above_capacity", "confirmed_unlike_received")


class _Found(NamedTuple):
    region: str
    rule: str
    kitchens: list[str]


_log = logs.get(__name__)


class Questions(msgspec.Struct, frozen=True):
    """`day`: the last day of service that is over; `kitchens`: rule -> their ids, None if that could not be asked."""

    day: str
    kitchens: dict[str, list[str]] | None


@dataclass(frozen=True, slots=True)
class QuestionPatience:
    """How ClickHouse is asked. `every_s`, `fresh_s`: of the region's clock, `least_s` and `answer_s` real seconds."""

    every_s: float = 600
    least_s: float = 20
    answer_s: float = 30
    fresh_s: float = 3600


class QuestionFeed:
    """One question for all regions. What is older than `fresh_s`, or of another day, is not shown any more."""

    def __init__(
        self,
        settings: Settings,
        hub: Hub,
        registry: RegistryFeed,
        patience: QuestionPatience = QuestionPatience(),
    ) -> None:
        self._store = AnalystStore(settings, patience.answer_s)
        self._hub = hub
        self._registry = registry
        self._patience = patience
        self._found: Mapping[str, Questions] = {}
        self._answered_ms: int | None = None
        self._began_ms = hub.now_ms()
        self._trouble = ""

    def of(self, region: str) -> Questions | None:
        """What is known of the region's last day of service; None: nothing yet, or there was no such day."""
        registry = self._registry.registry
        day = None if registry is None else _last_day(registry, region, self._hub.now_ms())
        if day is None:
            return None
        since = self._began_ms if self._answered_ms is None else self._answered_ms
        if self._hub.now_ms() - since > self._patience.fresh_s * 1000:
            return Questions(day, None)
        found = self._found.get(region)
        return found if found is not None and found.day == day else None

    async def run(self) -> None:
        """Ask until cancelled. ClickHouse may be away: nothing else of the wall needs it."""
        patience = self._patience
        while True:
            if self._registry.registry is not None:
                await self._ask(self._registry.registry)
                every_s = patience.every_s / self._hub.clock_factor
                await asyncio.sleep(max(every_s, patience.least_s))
            else:
                await asyncio.sleep(1)

    async def _ask(self, registry: Registry) -> None:
        asked_ms = self._hub.now_ms()
        days = {
            code: day
            for code in self._hub.maps
            if code in registry.codes and (day := _last_day(registry, code, asked_ms)) is not None
        }
        try:
            rows = await self._store.rows(_query(days), _Found) if days else []
        except StoreAwayError as error:
            self._note(str(error))
            return
        found: dict[str, dict[str, list[str]]] = {code: {} for code in days}
        for code, rule, kitchens in rows:
            found[code][rule] = kitchens
        self._found = {code: Questions(day, found[code]) for code, day in days.items()}
        self._answered_ms = asked_ms
        self._note("")

    def _note(self, trouble: str) -> None:
        """One line in the log when it begins, not one an attempt."""
        if trouble and not self._trouble:
            _log.warning("view plausibility cannot be asked", error=trouble)
        self._trouble = trouble


def _last_day(registry: Registry, region: str, now_ms: int) -> str | None:
    today = registry.local_day(region, now_ms)
    for day in range(today - 1, today - 1 - _SEARCH_DAYS, -1):
        if registry.is_service_day(region, day):
            return day_to_iso(day)
    return None


def _query(days: Mapping[str, str]) -> str:
    """Codes and days come from the registry, which holds digits and marks alone."""
    wanted = ", ".join(f"('{code}', toDate('{day}'))" for code, day in days.items())
    shown = ", ".join(f"'{rule}'" for rule in _SHOWN_ON_THEIR_DAY)
    return (
        "SELECT region, rule, groupArray(area_id) FROM pantau.plausibility "
        f"WHERE (region, day) IN ({wanted}) AND rule NOT IN ({shown}) GROUP BY region, rule"
    )

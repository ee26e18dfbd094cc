"""`GET /v1/region`: what a page needs of a region and the live map does not hold.

Name and places, the hours of its units, the meals of today by time, the map, and the day's line so
far. All of it changes rarely: pages ask at their start, every few minutes and on a new day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.security import HTTPAuthorizationCredentials

from chassis.datadir import DataDir
from chassis.feeds.registry_feed import RegistryFeed
from chassis.http.problems import Problem
from chassis.settings import Settings
from contracts.registry.entities import Recipient, Registry, ServiceDay, Unit
from contracts.time.days import day_to_iso
from contracts.time.windows import GROUPS
from contracts.tokens import Claims
from dashboard_ws.gateway.api.http import Bearer
from dashboard_ws.gateway.api.outline import DrawnRegions, Outline
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.attendance_sums import Attended
from dashboard_ws.gateway.stream.question_feed import QuestionFeed, Questions

Claim = Callable[[HTTPAuthorizationCredentials | None, str], Claims]
Meals = list[tuple[int, int]]
"""(minute of the local day, registered), by time."""


class UnitInfo(msgspec.Struct):
    """An active unit. `opens`, `closes`: minutes of the local day; `meals`: of its recipients."""

    unit_id: str
    kind: str
    name: str
    kecamatan: str
    synthetic: bool
    opens: int
    closes: int
    meals: Meals


class Target(msgspec.Struct):
    """How many are registered for a meal time of today."""

    meal_time: str
    registered: int


class NotServed(msgspec.Struct):
    """How many recipients the calendar leaves out today, which of their groups, and why.

    `whole`: they are left out with all their groups; `kind`: what they are, empty if of several kinds.
    An empty `reason`: the weekday is none of service.
    """

    reason: str
    groups: list[str]
    whole: bool
    kind: str
    recipients: int


class RegionAnswer(msgspec.Struct):
    """`targets` and `meals` are of `day`, the region's local day; `holiday`: the name of that day, if it is one.

    `today`: (minute of the day, cooked, dispatched, received, eaten), a point a pane; `recipients`: those
    served; `attended`: of those that count who is present and who has eaten; `questions`: kitchens whose
    figures of the last day of service deserve one, None if that is not known yet.
    """

    code: str
    name: str
    timezone: str
    simulated: bool
    clock_factor: float
    day: str
    service_weekdays: tuple[int, ...]
    holidays: list[str]
    holiday: str
    kecamatan: list[dict[str, str]]
    units: list[UnitInfo]
    targets: list[Target]
    today: list[tuple[int, int, int, int, int]]
    recipients: int
    not_served: list[NotServed]
    attended: Attended
    questions: Questions | None
    map: Outline


class RegionInfo:
    """The route."""

    def __init__(
        self,
        hub: Hub,
        feed: RegistryFeed,
        questions: QuestionFeed,
        claims: Claim,
        settings: Settings,
        drawn: DrawnRegions,
    ) -> None:
        self._hub = hub
        self._feed = feed
        self._questions = questions
        self._claims = claims
        # Simulated events may well run on the real clock.
        self.is_simulated = settings.clock == "demo" or DataDir(settings.data_dir).is_simulated
        self._drawn = drawn

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route("/v1/region", self.region, methods=["GET"], response_model=None)
        return router

    def region(
        self,
        bearer: Bearer,
        region: Annotated[str | None, Query(description="Region code; the first if absent")] = None,
    ) -> Response:
        """What a page needs of a region besides its live map."""
        code = region or next(iter(self._hub.maps))
        self._claims(bearer, code)
        registry = self._feed.registry
        if registry is None or code not in registry.codes:
            raise Problem(
                503,
                "Service Unavailable",
                f"The registry of region {code} is not loaded yet.",
                {"Retry-After": "5"},
            )
        body = msgspec.json.encode(self._answer(registry, code))
        headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
        return Response(body, 200, headers, "application/json")

    def _answer(self, registry: Registry, code: str) -> RegionAnswer:
        facts = registry.region(code)
        zone = registry.zone(code)
        day = zone.local_day(self._hub.now_ms())
        iso = day_to_iso(day)
        fed = registry.recipients_in_force(code, day).values()
        active = [one for one in registry.units_in_force(code, day).values() if _is_active(one)]
        service = registry.service(code, day)

        def meals(recipients: Iterable[Recipient]) -> Meals:
            return _meals(service, recipients)

        return RegionAnswer(
            code=code,
            name=facts.name,
            timezone=facts.timezone,
            simulated=self.is_simulated,
            clock_factor=self._hub.clock_factor,
            day=iso,
            service_weekdays=facts.service_weekdays,
            holidays=[day_to_iso(one) for one in facts.holidays],
            holiday=dict(zip(facts.holidays, facts.holiday_names, strict=False)).get(day, ""),
            kecamatan=[{"code": one.code, "name": one.name} for one in facts.kecamatan],
            units=[
                _unit(one, meals(registry.recipients_of_kitchen(one.unit_id, day)))
                for one in sorted(active, key=lambda unit: (unit.kecamatan, unit.unit_id))
            ],
            targets=[
                Target(f"{minute // 60:02}:{minute % 60:02}", registered)
                for minute, registered in meals(fed)
            ],
            today=[
                (zone.minute_of_day(at), cooked, dispatched, received, eaten)
                for at, cooked, dispatched, received, eaten in self._hub.days[code].points(iso)
                if zone.local_day(at) == day
            ],
            recipients=len(service.registered),
            not_served=_not_served(service),
            attended=self._hub.attendance[code].sums(iso),
            questions=self._questions.of(code),
            map=self._drawn.of(code).outline,
        )


def _is_active(unit: Unit) -> bool:
    return unit.status == "active"


def _unit(unit: Unit, meals: Meals) -> UnitInfo:
    return UnitInfo(
        unit.unit_id, unit.kind, unit.name, unit.kecamatan, unit.synthetic, unit.opens, unit.closes,
        meals,
    )  # fmt: skip


def _meals(service: ServiceDay, recipients: Iterable[Recipient]) -> Meals:
    """Meals of the day by time; recipients that are left out add nothing."""
    found: Counter[int] = Counter()
    for one in recipients:
        found[one.meal_time] += sum(service.registered.get(one.recipient_id, {}).values())
    return [(minute, n) for minute, n in sorted(found.items()) if n > 0]


def _not_served(service: ServiceDay) -> list[NotServed]:
    """By reason, most recipients first; those left out with some groups alone apart."""
    groups: dict[tuple[str, bool], set[str]] = {}
    kinds: dict[tuple[str, bool], list[str]] = {}
    for recipient, reasons in service.not_served.items():
        whole = recipient not in service.registered
        for reason in set(reasons.values()):
            left_out = (group for group, why in reasons.items() if why == reason)
            groups.setdefault((reason, whole), set()).update(left_out)
            kind = service.view.recipients[recipient].kind
            kinds.setdefault((reason, whole), []).append(kind)
    found = [
        NotServed(
            reason,
            [group for group in GROUPS if group in groups[reason, whole]],
            whole,
            of[0] if len(set(of)) == 1 else "",
            len(of),
        )
        for (reason, whole), of in kinds.items()
    ]
    return sorted(found, key=lambda one: -one.recipients)

"""`GET /v1/alerts/{id}/cases`: where the people live whom a suspicion is about: cases by recipient, on the region's map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel

from chassis.http.problems import Problem
from contracts.registry.entities import Recipient, RecipientKind, Unit
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess, Person, ShownAlert
from dashboard_ws.gateway.api.outline import DrawnRegion, DrawnRegions

_CLUSTER: Final = "foodborne_cluster"
_ILLNESS: Final = "illness_reported"


class CasePlace(BaseModel):
    """A place of the registry; `x`, `y` in the units of `GET /v1/region`'s map; `synthetic`: it is invented."""

    id: str
    name: str
    synthetic: bool
    x: float
    y: float


class RecipientCases(CasePlace):
    """`cases`: people ill, 0 where none is known of; null: 1 to 4, which this person is not shown."""

    kind: RecipientKind
    cases: int | None


class CaseMapAnswer(BaseModel):
    """Most cases first. `without_recipient`: patients near the kitchen who name no recipient; null as in `RecipientCases`."""

    recipients: list[RecipientCases]
    kitchens: list[CasePlace]
    without_recipient: int | None


class CaseMap:
    """The route."""

    def __init__(self, access: DeskAccess, drawn: DrawnRegions) -> None:
        self._access = access
        self._drawn = drawn

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route(
            "/v1/alerts/{alert_id}/cases", self.cases, methods=["GET"], response_model=CaseMapAnswer
        )
        return router

    def cases(self, alert_id: str, bearer: Person) -> CaseMapAnswer:
        """Cases by recipient of an alert about people who are ill, as far as this person may see them."""
        claims = self._access.person(bearer, "desk", "health", "admin")
        region, alert = self._access.alert(alert_id, claims)
        counts = dict(_counts(alert))
        if not counts:
            raise Problem(409, "Conflict", "This alert counts no people who are ill.")
        registry, day = self._access.registry(region)
        drawn = self._drawn.of(region)
        found = registry.recipients_in_force(region, day)
        recipients = [
            RecipientCases(**_place(found[one], one, drawn), kind=found[one].kind, cases=cases)
            for one, cases in counts.items()
            if one in found
        ]
        units = ((one, registry.unit(one, day)) for one in _kitchens(alert))
        return CaseMapAnswer(
            recipients=sorted(recipients, key=_most_first),
            kitchens=[CasePlace(**_place(unit, one, drawn)) for one, unit in units if unit],
            without_recipient=alert.facts.get("grounds", {}).get("nameless", 0),
        )


def _counts(alert: ShownAlert) -> Iterator[tuple[str, int | None]]:
    """Recipient -> people ill there; None: not shown."""
    if alert.kind == _CLUSTER:
        for recipient, attack in alert.facts.get("attack_by_recipient", {}).items():
            yield recipient, attack["ill"]
    elif alert.kind == _ILLNESS:
        # Who was noticed to be ill may well be among those who are absent.
        ill, absent = alert.facts.get("ill", 0), alert.facts.get("absent_ill", 0)
        known = [one for one in (ill, absent) if one]
        yield alert.subject, max(known) if known else _either(ill, absent)


def _either(ill: int | None, absent: int | None) -> int | None:
    return None if ill is None or absent is None else 0


def _kitchens(alert: ShownAlert) -> list[str]:
    """Of a lot over several kitchens all of them."""
    return alert.facts.get("units") or [alert.unit_id]


def _place(row: Recipient | Unit, identity: str, drawn: DrawnRegion) -> Mapping[str, Any]:
    x, y = drawn.projection.place((row.lon, row.lat))
    return {"id": identity, "name": row.name, "synthetic": row.synthetic, "x": x, "y": y}


def _most_first(one: RecipientCases) -> tuple[float, str]:
    """Those that are not shown stand between those with 5 and those with none."""
    return -(0.5 if one.cases is None else one.cases), one.name

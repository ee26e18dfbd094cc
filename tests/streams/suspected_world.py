"""A region for the statistics of suspected clusters: three kitchens, six schools, two kecamatan, and what happens there.

DAY is a Wednesday; MEAL the moment at which all schools eat that day.
"""

from __future__ import annotations

from typing import Final

from contracts.registry.entities import Recipient, RegionRegistry, Registry
from contracts.time.days import iso_to_day
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy
from streams.core.alerts.cluster.cluster_verdict import ClusterVerdict
from streams.core.alerts.cluster.cluster_watch import ClusterWatch
from streams.core.alerts.cluster.evidence.findings import (
    Finding,
    MealServed,
    PatientSeen,
    RollCall,
)
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk
from tests.registry_small import region, unit

REGION: Final = "32.11"
PLACES: Final = (f"{REGION}.08", f"{REGION}.24")
KITCHENS: Final = ("SPPG-A", "SPPG-B", "SPPG-C")
SCHOOLS: Final = tuple(f"npsn:{number}" for number in range(1, 7))
HOUR: Final = 3_600_000
PUPILS: Final = 300


def kitchen_of(school: str) -> str:
    return KITCHENS[SCHOOLS.index(school) // 2]


def place_of(school: str) -> str:
    return PLACES[SCHOOLS.index(school) // 3]


def _school(name: str) -> Recipient:
    return Recipient(
        recipient_id=name,
        name=name,
        kind="school",
        kecamatan=place_of(name),
        lon=107.9,
        lat=-6.8,
        unit_id=kitchen_of(name),
        meal_time=10 * 60,
        registered={"sd": PUPILS},
        status="active",
        valid_from=0,
        synthetic=True,
    )


_REGISTRY: Final = Registry(
    [
        RegionRegistry(
            region(REGION, "Sumedang"),
            tuple(unit(kitchen) for kitchen in KITCHENS),
            tuple(_school(school) for school in SCHOOLS),
        )
    ]
)
POPULATION: Final = PopulationAtRisk(_REGISTRY, REGION)
DAY: Final = iso_to_day("2026-11-25")
MEAL: Final = POPULATION.zone.moment_ms(DAY, 10 * 60)
AS_OF: Final = MEAL + 70 * HOUR


def watch(*findings: Finding) -> ClusterWatch:
    made = ClusterWatch(POPULATION, ClusterPolicy())
    for finding in findings:
        made.put(finding)
    return made


def verdict_on(made: ClusterWatch, unit_id: str, as_of: int = AS_OF) -> ClusterVerdict | None:
    found = [one for one in made.verdicts(as_of) if one.unit == unit_id]
    return found[0] if found else None


def level_of(made: ClusterWatch, unit_id: str, as_of: int = AS_OF) -> int:
    found = verdict_on(made, unit_id, as_of)
    return found.level if found else 0


def patient(
    number: int, school: str, hours: float, *, clinic: str = "K1", place: str = PLACES[0]
) -> PatientSeen:
    """Fell ill so many hours after the meal, and was seen two hours later."""
    onset = MEAL + round(hours * HOUR)
    return PatientSeen(
        clinic, f"case-{number}", f"{number:032x}", school, place, onset, onset + 2 * HOUR
    )


def patients(count: int, school: str, hours: float, first: int = 0) -> list[Finding]:
    return [patient(first + n, school, hours + n / 10) for n in range(count)]


def meal(school: str, *, batch: str, kitchen: str = "", day: int = DAY) -> MealServed:
    """Delivered at 09:00."""
    maker = kitchen or kitchen_of(school)
    at = POPULATION.zone.moment_ms(day, 9 * 60)
    return MealServed(
        maker, f"d-{school}-{batch}-{day}", maker, school, at, PUPILS, batch, f"trip-{maker}"
    )


def roll_call(school: str, day: int, absent_ill: int, minute: int = 7 * 60 + 30) -> RollCall:
    at = POPULATION.zone.moment_ms(day, minute)
    return RollCall(
        school, f"roll-{day}-{minute}", day, at, at, at, PUPILS - absent_ill, absent_ill
    )


def ordinary_weeks() -> list[Finding]:
    """Five weeks of attendance before DAY: 3 or 4 of 300 absent ill."""
    return [
        roll_call(school, day, 3 + (day + index) % 2)
        for day in range(DAY - 35, DAY)
        for index, school in enumerate(SCHOOLS)
    ]

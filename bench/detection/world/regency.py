"""A made-up regency: kecamatan in a row of two, kitchens of 500 to 3,000, a puskesmas each, one hospital."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from contracts.registry.entities import (
    Kecamatan,
    Recipient,
    Region,
    RegionRegistry,
    Registry,
    Unit,
)
from streams.core.alerts.cluster.evidence.population_at_risk import PopulationAtRisk

CODE: Final = "99.99"
HOSPITAL: Final = "RS"
KITCHENS_A_PLACE: Final = 4
_COLUMNS: Final = 5
_NEIGHBOUR_SHARE: Final = 0.2
"""Share of a kitchen's recipients that lie in another kecamatan."""


class SimulatedSchool(NamedTuple):
    """A recipient; `kitchen` and `place` are numbers."""

    name: str
    kitchen: int
    place: int
    pupils: int
    meal_min: int = 600


class Regency(NamedTuple):
    """`near[place]`: all kecamatan by distance from it, itself first."""

    population: PopulationAtRisk
    schools: tuple[SimulatedSchool, ...]
    of_kitchen: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]
    fed: int


def place_code(place: int) -> str:
    """Kemendagri-like code of a kecamatan."""
    return f"{CODE}.{place + 1:02d}"


def kitchen_id(kitchen: int) -> str:
    """Id of a kitchen."""
    return f"SPPG-{kitchen:03d}"


def build(kitchens: int, dice: Random, given: Sequence[int] = (), meal_min: int = 600) -> Regency:
    """A regency of so many kitchens. The same dice give the same.

    `given`: pupils of the schools of kitchen 0, who eat at `meal_min` (minute of the day), if they are not left to the dice.
    """
    places = max(2, kitchens // KITCHENS_A_PLACE)
    near = tuple(
        tuple(sorted(range(places), key=lambda other: (_distance(place, other), other)))
        for place in range(places)
    )
    schools: list[SimulatedSchool] = []
    of_kitchen = []
    for kitchen in range(kitchens):
        home = kitchen % places
        size = round(500 * 6 ** dice.random())
        own = []
        for _ in range(dice.randint(6, 11)):
            place = near[home][1] if dice.random() < _NEIGHBOUR_SHARE else home
            own.append((place, 0.4 + dice.random()))
        total = sum(weight for _, weight in own)
        sizes = [(place, max(20, round(size * weight / total))) for place, weight in own]
        if given and kitchen == 0:
            sizes = [(near[home][number % 2], pupils) for number, pupils in enumerate(given)]
        numbers = []
        for place, pupils in sizes:
            numbers.append(len(schools))
            name = f"npsn:{len(schools)}"
            eats = meal_min if kitchen == 0 else 600
            schools.append(SimulatedSchool(name, kitchen, place, pupils, eats))
        of_kitchen.append(tuple(numbers))
    return Regency(
        PopulationAtRisk(_registry(kitchens, places, schools), CODE),
        tuple(schools),
        tuple(of_kitchen),
        near,
        sum(school.pupils for school in schools),
    )


def _distance(one: int, other: int) -> int:
    (row, column), (other_row, other_column) = divmod(one, _COLUMNS), divmod(other, _COLUMNS)
    return (row - other_row) ** 2 + (column - other_column) ** 2


def _registry(kitchens: int, places: int, schools: list[SimulatedSchool]) -> Registry:
    region = Region(
        code=CODE,
        name="Simulasi",
        province="",
        timezone="Asia/Jakarta",
        service_weekdays=(1, 2, 3, 4, 5, 6),
        holidays=(),
        kecamatan=tuple(
            Kecamatan(place_code(place), f"Kecamatan {place}") for place in range(places)
        ),
    )
    units = tuple(_kitchen(kitchen, kitchen % places) for kitchen in range(kitchens))
    return Registry([RegionRegistry(region, units, tuple(_school(one) for one in schools))])


def _kitchen(kitchen: int, place: int) -> Unit:
    return Unit(
        unit_id=kitchen_id(kitchen),
        kind="sppg",
        name=kitchen_id(kitchen),
        kecamatan=place_code(place),
        lon=0.0,
        lat=0.0,
        opens=60,
        closes=14 * 60,
        capacity=3000,
        slhs_valid_until=None,
        registered_children=0,
        status="active",
        valid_from=0,
        synthetic=True,
    )


def _school(one: SimulatedSchool) -> Recipient:
    return Recipient(
        recipient_id=one.name,
        name=one.name,
        kind="school",
        kecamatan=place_code(one.place),
        lon=0.0,
        lat=0.0,
        unit_id=kitchen_id(one.kitchen),
        meal_time=one.meal_min,
        registered={"sd": one.pupils},
        status="active",
        valid_from=0,
        synthetic=True,
    )

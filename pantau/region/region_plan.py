"""The plan of an invented region (`seed.yaml`): totals from open sources, and what each level of
recipient is like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chassis.regions.region_folder import read_yaml
from contracts.time.windows import GROUPS


class OutsideClinic(msgspec.Struct, forbid_unknown_fields=True):
    """A hospital in another kabupaten that treats people of this one."""

    name: str
    lon: float
    lat: float


class RegionPlan(msgspec.Struct, forbid_unknown_fields=True):
    """seed.yaml. `registered`: people by group; `recipients`: how many of each level;
    `kitchens_in`: kecamatan whose number of kitchens is known; `outside`: clinics of no kecamatan;

    `weights`: of kecamatan, for everything else (default: number of places); `with_slhs`: kitchens
    that hold the hygiene certificate; `children`: registered at clinics; `overnight`: kitchens
    that open the evening before.
    """

    seed: int
    valid_from: str
    kitchens: int
    puskesmas: int
    posyandu_clinics: int
    children: int
    registered: dict[str, int]
    recipients: dict[str, int]
    with_slhs: int = 0
    overnight: int = 0
    kitchens_in: dict[str, int] = {}
    weights: dict[str, float] = {}
    outside: list[OutsideClinic] = []


@dataclass(frozen=True, slots=True)
class Level:
    """One kind of recipient: what it is called, whom it feeds, and when (HH:MM, one of)."""

    label: str
    kind: str
    groups: tuple[str, ...]
    meal_times: tuple[str, ...]
    least_in_kecamatan: int


LEVELS: Final = {
    "paud": Level(
        "TK", "school", ("paud", "guru"), ("07:30", "07:45", "08:00", "08:15", "08:30"), 1
    ),
    "sd": Level("SD", "school", ("sd", "guru"), ("09:00", "09:15", "09:30", "09:45", "10:00"), 1),
    "smp": Level(
        "SMP", "school", ("smp", "guru"), ("11:00", "11:15", "11:30", "11:45", "12:00"), 1
    ),
    "sma": Level("SMA", "school", ("sma", "guru"), ("11:30", "11:45", "12:00"), 0),
    "pesantren": Level("Pesantren", "pesantren", ("santri", "guru"), ("11:30", "12:00"), 0),
    "posyandu": Level(
        "Posyandu",
        "posyandu",
        ("bumil", "busui", "balita"),
        ("08:30", "09:00", "09:30", "10:00", "10:30"),
        1,
    ),
}


def read_plan(path: Path) -> RegionPlan:
    """seed.yaml. Raises `ValueError` (`msgspec.ValidationError`) that names the field at fault."""
    plan = read_yaml(path, RegionPlan)
    for name, given, known in (
        ("registered", plan.registered, set(GROUPS)),
        ("recipients", plan.recipients, set(LEVELS)),
    ):
        if set(given) != known:
            raise ValueError(f"{path.name}, {name}: name each of {', '.join(sorted(known))}")
    return plan


def apportion(total: int, weights: Sequence[float], least: int = 0) -> list[int]:
    """`total` in integer shares by weight (largest remainder), each at least `least`.

    They add up exactly.
    """
    spare = total - least * len(weights)
    if spare < 0 or not sum(weights):
        raise ValueError(
            f"{total} cannot be shared out over {len(weights)} parts of at least {least}"
        )
    exact = [spare * weight / sum(weights) for weight in weights]
    shares = [int(part) for part in exact]
    by_remainder = sorted(
        range(len(exact)), key=lambda index: (shares[index] - exact[index], index)
    )
    for index in by_remainder[: spare - sum(shares)]:
        shares[index] += 1
    return [share + least for share in shares]

"""Invents the units and recipients of a region whose real ones are in no open source: same plan,
same bytes.

Totals come from `seed.yaml` of the region folder, places from boundaries.geojson and, where there
is one, places.csv (centres of villages). Every row is `synthetic` and every name says "Contoh"
(example): nothing invented passes for a real kitchen or school.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from chassis.regions.region_folder import RECIPIENT_COLUMNS, UNIT_COLUMNS, read_region
from contracts.time.windows import GROUPS
from pantau.region.region_geometry import KecamatanShape, Point, distance_km, read_boundaries
from pantau.region.region_plan import LEVELS, RegionPlan, apportion, read_plan

_TIERS: Final = (2500, 3000, 3500)
"""Capacities of kitchens, portions a day."""
_HEADROOM: Final = 0.97
"""A kitchen is planned to this share of its capacity: it cooks a few portions more than it needs.
"""
_SPREAD_KM: Final = 0.7


@dataclass(slots=True)
class _Site:
    """A recipient in the making."""

    level: str
    kecamatan: str
    number: int  # among the recipients of its kind
    nth: int  # of its level in its kecamatan
    place: Point
    size: float
    meal_time: str
    registered: dict[str, int] = field(default_factory=dict)
    kitchen: int = -1

    @property
    def people(self) -> int:
        return sum(self.registered.values())


@dataclass(slots=True)
class _Kitchen:
    """A kitchen in the making."""

    kecamatan: str
    number: int
    place: Point
    load: int = 0


class _Ground:
    """Kecamatan with names, shapes and places; hands out places village by village."""

    def __init__(self, folder: Path, rng: Random) -> None:
        features = read_boundaries((folder / "boundaries.geojson").read_bytes())
        region = read_region(folder)
        self.code = region.code
        self.names = {one.code: one.name for one in region.kecamatan}
        self.shapes = {code: KecamatanShape(features[code]) for code in self.names}
        self._rng = rng
        self.places = _read_places(folder / "places.csv", self.names)
        self._next = dict.fromkeys(self.names, 0)

    def near_next(self, kecamatan: str) -> Point:
        """A point near the next village in turn, or anywhere in the kecamatan without villages."""
        places = self.places[kecamatan]
        shape = self.shapes[kecamatan]
        if not places:
            return shape.point(self._rng)
        turn = self._next[kecamatan]
        self._next[kecamatan] = turn + 1
        return shape.point_near(self._rng, places[turn % len(places)], _SPREAD_KM)

    def spread_out(self, kecamatan: str, count: int) -> list[Point]:
        """`count` points near villages far from each other: each time the village farthest from
        those taken.
        """
        places = self.places[kecamatan]
        taken: list[Point] = []
        for _ in range(count):
            if places and len(taken) < len(places):
                farthest = max(
                    places,
                    key=lambda place: min(
                        (distance_km(place, one) for one in taken), default=place[1]
                    ),
                )
                taken.append(farthest)
        shape = self.shapes[kecamatan]
        spots = [shape.point_near(self._rng, place, _SPREAD_KM / 3) for place in taken]
        return spots + [self.near_next(kecamatan) for _ in range(count - len(spots))]


def seed_region(folder: Path) -> None:
    """Writes units.csv and recipients.csv of the region in `folder`, from its region.yaml,
    seed.yaml, boundaries.geojson and places.csv.
    """
    plan = read_plan(folder / "seed.yaml")
    rng = Random(plan.seed)  # noqa: S311 (the same numbers each time is the point)
    ground = _Ground(folder, rng)
    kitchens = _kitchens(plan, ground)
    sites = _sites(plan, ground, kitchens, rng)
    _assign(sites, kitchens)
    _write(
        folder / "units.csv",
        UNIT_COLUMNS,
        _kitchen_rows(plan, ground, kitchens, rng)
        + _clinic_rows(plan, ground, sites)
        + _outside_rows(plan, ground),
    )
    _write(
        folder / "recipients.csv",
        RECIPIENT_COLUMNS,
        [_site_row(plan, ground, site) for site in sites],
    )


def _read_places(path: Path, codes: dict[str, str]) -> dict[str, list[Point]]:
    places: dict[str, list[Point]] = {code: [] for code in codes}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                places[row["kecamatan"]].append((float(row["lon"]), float(row["lat"])))
    return places


def _kitchens(plan: RegionPlan, ground: _Ground) -> list[_Kitchen]:
    open_codes = [code for code in ground.names if code not in plan.kitchens_in]
    weights = [plan.weights.get(code, float(len(ground.places[code]) or 1)) for code in open_codes]
    counts = plan.kitchens_in | dict(
        zip(
            open_codes,
            apportion(plan.kitchens - sum(plan.kitchens_in.values()), weights, 1),
            strict=True,
        )
    )
    kitchens: list[_Kitchen] = []
    for code in ground.names:
        for place in ground.spread_out(code, counts[code]):
            kitchens.append(_Kitchen(code, len(kitchens) + 1, place))
    return kitchens


def _sites(plan: RegionPlan, ground: _Ground, kitchens: list[_Kitchen], rng: Random) -> list[_Site]:
    """Recipients, as many in a kecamatan as its kitchens can feed, with people of each group
    shared out over them.
    """
    codes = list(ground.names)
    per_kecamatan = [
        float(sum(kitchen.kecamatan == code for kitchen in kitchens)) for code in codes
    ]
    sites: list[_Site] = []
    numbers: dict[str, int] = {}
    for name, level in LEVELS.items():
        for code, count in zip(
            codes,
            apportion(plan.recipients[name], per_kecamatan, level.least_in_kecamatan),
            strict=True,
        ):
            for nth in range(1, count + 1):
                number = numbers[level.kind] = numbers.get(level.kind, 0) + 1
                meal_time = level.meal_times[int(rng.random() * len(level.meal_times))]
                sites.append(
                    _Site(
                        name,
                        code,
                        number,
                        nth,
                        ground.near_next(code),
                        0.55 + 0.9 * rng.random(),
                        meal_time,
                    )
                )
    for group in GROUPS:
        fed = [site for site in sites if group in LEVELS[site.level].groups]
        # Teachers go by pupils, so their group comes after the schools' own in GROUPS.
        weights = [float(site.people) if group == "guru" else site.size for site in fed]
        for site, share in zip(fed, apportion(plan.registered[group], weights), strict=True):
            site.registered[group] = share
    return sites


def _assign(sites: list[_Site], kitchens: list[_Kitchen]) -> None:
    """Each recipient to the nearest kitchen with room, the largest first: they fit nowhere later."""
    room = int(_TIERS[-1] * _HEADROOM)
    for site in sorted(sites, key=lambda one: (-one.people, one.level, one.number)):
        fitting = [kitchen for kitchen in kitchens if kitchen.load + site.people <= room]
        if not fitting:
            raise ValueError(
                "the kitchens of seed.yaml cannot feed the people of seed.yaml: add kitchens"
            )
        nearest = min(
            fitting, key=lambda kitchen: (distance_km(kitchen.place, site.place), kitchen.number)
        )
        nearest.load += site.people
        site.kitchen = nearest.number


def _digits(ground: _Ground) -> str:
    return ground.code.replace(".", "")


def _kitchen_id(ground: _Ground, number: int) -> str:
    return f"SPPG-{_digits(ground)}-{number:04d}"


def _kitchen_rows(
    plan: RegionPlan, ground: _Ground, kitchens: list[_Kitchen], rng: Random
) -> list[dict[str, object]]:
    certified = _sample(rng, len(kitchens), plan.with_slhs)
    overnight = _sample(rng, len(kitchens), plan.overnight)
    rows: list[dict[str, object]] = []
    in_kecamatan: dict[str, int] = {}
    for index, kitchen in enumerate(kitchens):
        nth = in_kecamatan[kitchen.kecamatan] = in_kecamatan.get(kitchen.kecamatan, 0) + 1
        year, month = 2027 + int(rng.random() * 3), 1 + int(rng.random() * 12)
        rows.append(
            {
                "unit_id": _kitchen_id(ground, kitchen.number),
                "kind": "sppg",
                "name": f"SPPG Contoh {ground.names[kitchen.kecamatan]} {nth:02d}",
                "kecamatan": kitchen.kecamatan,
                "lon": kitchen.place[0],
                "lat": kitchen.place[1],
                "opens": "22:00" if index in overnight else "01:00",
                "closes": "13:00" if index in overnight else "14:00",
                "capacity": next(tier for tier in _TIERS if kitchen.load <= tier * _HEADROOM),
                "slhs_valid_until": f"{year}-{month:02d}-28" if index in certified else "",
                "status": "active",
                "valid_from": plan.valid_from,
                "synthetic": 1,
            }
        )
    return rows


def _clinic_rows(plan: RegionPlan, ground: _Ground, sites: list[_Site]) -> list[dict[str, object]]:
    """Puskesmas, and the posyandu that send events of their own: those stand where the recipient
    of the same number does.
    """
    codes = list(ground.names)
    posyandu = {
        code: [site for site in sites if site.level == "posyandu" and site.kecamatan == code]
        for code in codes
    }
    weights = [float(len(posyandu[code])) for code in codes]
    health_posts = dict(zip(codes, apportion(plan.puskesmas, weights, 1), strict=True))
    sending = dict(zip(codes, apportion(plan.posyandu_clinics, weights), strict=True))
    rows: list[dict[str, object]] = []
    for code in codes:
        for nth in range(1, health_posts[code] + 1):
            name = f"Puskesmas Contoh {ground.names[code]}" + (
                f" {nth:02d}" if health_posts[code] > 1 else ""
            )
            unit_id = f"PUSKESMAS-{_digits(ground)}-{len(rows) + 1:03d}"
            rows.append(
                _clinic_row(plan, unit_id, name, code, ground.near_next(code), ("07:30", "15:00"))
            )
    for code in codes:
        for site in posyandu[code][: sending[code]]:
            unit_id = f"POSYANDU-{_digits(ground)}-{site.number:04d}"
            rows.append(
                _clinic_row(
                    plan, unit_id, _site_name(ground, site), code, site.place, ("08:00", "12:00")
                )
            )
    # A puskesmas keeps the children of all posyandu that send nothing of their own.
    sizes = [1.0 if str(row["unit_id"]).startswith("POSYANDU") else 22.0 for row in rows]
    for row, children in zip(rows, apportion(plan.children, sizes), strict=True):
        row["registered_children"] = children
    return rows


def _outside_rows(plan: RegionPlan, ground: _Ground) -> list[dict[str, object]]:
    """Hospitals of another kabupaten: open day and night, no children on their register."""
    return [
        _clinic_row(
            plan,
            f"RS-{_digits(ground)}-{number:03d}",
            one.name,
            "",
            (one.lon, one.lat),
            ("00:00", "23:59"),
        )
        | {"registered_children": 0}
        for number, one in enumerate(plan.outside, 1)
    ]


def _clinic_row(
    plan: RegionPlan, unit_id: str, name: str, code: str, place: Point, hours: tuple[str, str]
) -> dict[str, object]:
    return {
        "unit_id": unit_id,
        "kind": "clinic",
        "name": name,
        "kecamatan": code,
        "lon": place[0],
        "lat": place[1],
        "opens": hours[0],
        "closes": hours[1],
        "status": "active",
        "valid_from": plan.valid_from,
        "synthetic": 1,
    }


def _site_id(ground: _Ground, site: _Site) -> str:
    """Ids in the real forms, from ranges that no register hands out (NPSN with X, NSPP not
    beginning with 5).
    """
    digits = _digits(ground)
    if site.level == "posyandu":
        return f"posyandu:{digits}-{site.number:04d}"
    if site.level == "pesantren":
        return f"nspp:9999{digits}{site.number:04d}"
    return f"npsn:X{digits[1:]}{site.number:04d}"


def _site_name(ground: _Ground, site: _Site) -> str:
    return f"{LEVELS[site.level].label} Contoh {ground.names[site.kecamatan]} {site.nth:02d}"


def _site_row(plan: RegionPlan, ground: _Ground, site: _Site) -> dict[str, object]:
    return {
        "recipient_id": _site_id(ground, site),
        "name": _site_name(ground, site),
        "kind": LEVELS[site.level].kind,
        "kecamatan": site.kecamatan,
        "lon": site.place[0],
        "lat": site.place[1],
        "unit_id": _kitchen_id(ground, site.kitchen),
        "meal_time": site.meal_time,
        **{group: site.registered.get(group, 0) for group in GROUPS},
        "status": "active",
        "valid_from": plan.valid_from,
        "synthetic": 1,
    }


def _sample(rng: Random, population: int, count: int) -> set[int]:
    return set(sorted(range(population), key=lambda _: rng.random())[:count])


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

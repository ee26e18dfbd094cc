"""Starts a region folder: region.yaml and seed.yaml from boundaries and totals, with them a first, invented set of units
and recipients, and the checklist of the desk to begin with.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chassis.regions.steps_file import STEPS_FILE
from pantau.region.region_geometry import Feature, read_boundaries
from pantau.region.region_plan import apportion
from pantau.region.region_seed import seed_region

_PEOPLE_A_KITCHEN: Final = 3000
_SHARES: Final = {
    "paud": 7.1, "sd": 33.4, "smp": 17.0, "sma": 13.7, "santri": 2.8, "guru": 3.9, "bumil": 2.5, "busui": 2.4, "balita": 17.2,
}  # fmt: skip
"""Per cent of all people by group, as in the plan for Sumedang.

Replace by the kabupaten's own figures.
"""
_PEOPLE_A_RECIPIENT: Final = {
    "paud": ("paud", 113),
    "sd": ("sd", 218),
    "smp": ("smp", 496),
    "sma": ("sma", 667),
    "pesantren": ("santri", 172),
    "posyandu": ("balita", 180),
}
_CHECKLIST: Final = Path(__file__).with_name(STEPS_FILE)
_NAME_PROPERTIES: Final = ("nama", "name", "NAME", "NAMOBJ", "WADMKC")


@dataclass(frozen=True, slots=True)
class NewRegion:
    """What must be known of a kabupaten.

    `boundaries`: GeoJSON of its kecamatan, feature id = code; `beneficiaries`: people registered.
    """

    code: str
    name: str
    province: str
    timezone: str
    boundaries: Path
    beneficiaries: int
    valid_from: str


def create_region(target: Path, new: NewRegion) -> None:
    """Makes the folder `target`, whose units and recipients are all invented and flagged so.

    Raises `FileExistsError` if it is there, `ValueError` for boundaries that are none or have
    other codes.
    """
    features = read_boundaries(new.boundaries.read_bytes())
    foreign = sorted(code for code in features if not code.startswith(f"{new.code}."))
    if foreign or not features:
        raise ValueError(
            f"{new.boundaries.name}: feature ids must be kecamatan codes of {new.code}, found "
            f"{foreign[:3] or 'none'}: set them"
        )
    target.mkdir(parents=True)
    shutil.copyfile(new.boundaries, target / "boundaries.geojson")
    shutil.copyfile(_CHECKLIST, target / STEPS_FILE)
    (target / "region.yaml").write_text(_region_yaml(new, features), encoding="utf-8")
    (target / "seed.yaml").write_text(_seed_yaml(new, len(features)), encoding="utf-8")
    seed_region(target)


def _region_yaml(new: NewRegion, features: dict[str, Feature]) -> str:
    kecamatan = "\n".join(
        f'  - {{code: "{code}", name: {_quoted(_name(feature))}}}'
        for code, feature in sorted(features.items())
    )
    return f"""# Pantau region. Codes stay in quotes: 32.10 is no number.
code: "{new.code}"
name: {_quoted(new.name)}
province: {_quoted(new.province)}
timezone: {new.timezone}
# 1 = Monday. Six days a week, as in the programme's technical guide (juknis) of 2025. Cannot
# change once the region is in use.
service_weekdays: [1, 2, 3, 4, 5, 6]
# National holidays and joint leave, as "YYYY-MM-DD": name, copy them from the decree of each year. Days
# that have begun may not change.
holidays: []
# From this time of day on (up to "24:00") the form asks for a reason of each correction of that day.
day_closes: "24:00"
# Only what differs from the public contract, e.g. over_4h_min: 240
thresholds: {{}}
kecamatan:
{kecamatan}
"""


def _seed_yaml(new: NewRegion, kecamatan: int) -> str:
    registered = dict(
        zip(_SHARES, apportion(new.beneficiaries, list(_SHARES.values())), strict=True)
    )
    recipients = {
        level: max(kecamatan, round(registered[group] / size))
        for level, (group, size) in _PEOPLE_A_RECIPIENT.items()
    }
    kitchens = max(kecamatan, -(-new.beneficiaries // _PEOPLE_A_KITCHEN))
    return f"""# What units.csv and recipients.csv were invented from.
# Put the kabupaten's own figures here and run: pantau region seed {new.code}
seed: {new.code.replace(".", "")}
valid_from: "{new.valid_from}"
kitchens: {kitchens}
puskesmas: {kecamatan}
posyandu_clinics: {kecamatan * 2}
children: {registered["balita"]}
registered: {{{_pairs(registered)}}}
recipients: {{{_pairs(recipients)}}}
"""


def _name(feature: Feature) -> str:
    for key in _NAME_PROPERTIES:
        if name := feature.properties.get(key):
            return str(name)
    raise ValueError(f"boundaries: feature {feature.id} has no name: add the property nama")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{key}: {count}" for key, count in counts.items())

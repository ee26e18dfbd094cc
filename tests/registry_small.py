"""A small region for tests: what `tests.examples` names, a second kitchen, and a second region.

RegionRegistry objects:  SMALL (32.11), OTHER (32.08)
"""

from __future__ import annotations

from typing import Final

from contracts.registry.entities import Kecamatan, Recipient, Region, RegionRegistry, Registry, Unit
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL

KECAMATAN: Final = f"{REGION}.08"
SECOND_KITCHEN: Final = "SPPG-3211-0002"
OTHER_REGION: Final = "32.08"
OTHER_KITCHEN: Final = "SPPG-3208-0001"
FIRST_DAY: Final = 0
"""`valid_from` of every row: in force on any day."""


def unit(unit_id: str, kind: str = "sppg", kecamatan: str = KECAMATAN) -> Unit:
    """An active unit, open from 04:00 to 16:00."""
    clinic = kind == "clinic"
    return Unit(
        unit_id=unit_id,
        kind="clinic" if clinic else "sppg",
        name=f"Satuan {unit_id}",
        kecamatan=kecamatan,
        lon=107.92,
        lat=-6.85,
        opens=4 * 60,
        closes=16 * 60,
        capacity=0 if clinic else 3000,
        slhs_valid_until=None,
        registered_children=420 if clinic else 0,
        status="active",
        valid_from=FIRST_DAY,
        synthetic=True,
    )


def recipient(recipient_id: str, unit_id: str, kecamatan: str = KECAMATAN) -> Recipient:
    """An active school with 300 pupils and 14 teachers; meals at 10:00."""
    return Recipient(
        recipient_id=recipient_id,
        name=f"Sekolah {recipient_id}",
        kind="school",
        kecamatan=kecamatan,
        lon=107.93,
        lat=-6.86,
        unit_id=unit_id,
        meal_time=10 * 60,
        registered={"sd": 300, "guru": 14},
        status="active",
        valid_from=FIRST_DAY,
        synthetic=True,
    )


def region(code: str, name: str) -> Region:
    """A region in Asia/Jakarta that serves from Monday to Friday, with one kecamatan."""
    return Region(
        code=code,
        name=name,
        province="Jawa Barat",
        timezone="Asia/Jakarta",
        service_weekdays=(1, 2, 3, 4, 5),
        holidays=(),
        kecamatan=(Kecamatan(f"{code}.08", "Uji"),),
    )


SMALL: Final = RegionRegistry(
    region(REGION, "Sumedang"),
    (unit(KITCHEN), unit(SECOND_KITCHEN), unit(CLINIC, "clinic")),
    (recipient(SCHOOL, KITCHEN), recipient("npsn:20208124", SECOND_KITCHEN)),
)
OTHER: Final = RegionRegistry(
    region(OTHER_REGION, "Kuningan"),
    (unit(OTHER_KITCHEN, kecamatan=f"{OTHER_REGION}.08"),),
    (recipient("npsn:20300001", OTHER_KITCHEN, f"{OTHER_REGION}.08"),),
)


def registry() -> Registry:
    """The index over both regions."""
    return Registry((SMALL, OTHER))

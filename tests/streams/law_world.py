"""A small world for laws, and random histories of it.

Two regions, one with summer time; a kitchen that moves to another kecamatan, recipients that change kitchen and numbers, open and end,
suspended and closed units, holidays. All of it around days that a seed picks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from contracts.registry.entities import (
    CalendarRow,
    Kecamatan,
    Recipient,
    Region,
    RegionRegistry,
    Unit,
)
from contracts.time.days import iso_to_day
from tests.registry_small import recipient as small_recipient
from tests.registry_small import unit as small_unit
from tests.streams.model_words import DAY

HOME: Final = "32.11"
ABROAD: Final = "32.08"
"""A region whose clocks change at midnight: Beirut's, in the last nights of March and October."""
CLOCK_CHANGES: Final = ("2026-03-29", "2026-10-25")
LENGTH_DAYS: Final = 36
KITCHENS: Final = {HOME: ("K1", "K2", "K3"), ABROAD: ("K4",)}
CLINICS: Final = {HOME: ("C1", "C2", "C4"), ABROAD: ("C3",)}
RECIPIENTS: Final = {HOME: ("S1", "S2", "S3", "S4", "S5", "S6"), ABROAD: ("S7",)}
OF_KITCHEN: Final = {
    "K1": ("S1", "S5", "S6"),
    "K2": ("S2", "S3"),
    "K3": ("S4", "S2"),
    "K4": ("S7",),
}
GROUPS_OF: Final = {
    "S1": ("sd", "guru"),
    "S2": ("smp", "sd"),
    "S3": ("bumil", "balita"),
    "S4": ("santri",),
    "S5": ("sd",),
    "S6": ("paud",),
    "S7": ("sma", "guru"),
}


def _unit(unit_id: str, kind: str, kecamatan: str, since: int, **changed: Any) -> Unit:
    row = small_unit(unit_id, kind, kecamatan)
    return msgspec.structs.replace(row, valid_from=since, **changed)


def _recipient(
    recipient_id: str,
    unit_id: str,
    kecamatan: str,
    since: int,
    registered: dict[str, int],
    **changed: Any,
) -> Recipient:
    row = small_recipient(recipient_id, unit_id, kecamatan)
    return msgspec.structs.replace(row, valid_from=since, registered=registered, **changed)


def _line(
    first: int, more_days: int, scope: str, served: bool, reason: str, groups: str = ""
) -> CalendarRow:
    return CalendarRow(first, first + more_days, scope, tuple(groups.split()), served, reason)


@dataclass(frozen=True)
class LawWorld:
    """`first`: the local day on which a history of `length` days begins; changes of the registry come in its middle."""

    first: int
    length: int = LENGTH_DAYS

    @property
    def start_ms(self) -> int:
        return self.first * DAY

    @property
    def change(self) -> int:
        """The day from which later rows are in force."""
        return self.first + max(1, self.length // 2 - 1)

    def registries(self) -> tuple[RegionRegistry, RegionRegistry]:
        """With all rows there will ever be."""
        old, mid = self.first - 400, self.change
        one, two, three = (f"{HOME}.0{n}" for n in (1, 2, 3))
        home = Region(
            HOME, "Sumedang", "Jawa Barat", "Asia/Jakarta", (1, 2, 3, 4, 5),
            (self.first + 1, self.first + 21), tuple(Kecamatan(code, code) for code in (one, two, three)),
        )  # fmt: skip
        units = (
            _unit("K1", "sppg", one, old),
            _unit("K2", "sppg", two, old),
            _unit("K2", "sppg", one, mid),
            _unit("K3", "sppg", two, old),
            _unit("K3", "sppg", two, mid + 3, status="suspended"),
            _unit("C1", "clinic", one, old, registered_children=50),
            _unit("C2", "clinic", two, old, registered_children=30),
            _unit("C2", "clinic", two, mid + 1, registered_children=30, status="closed"),
            _unit("C4", "clinic", "", old, registered_children=0),
        )
        recipients = (
            _recipient("S1", "K1", one, old, {"sd": 100, "guru": 5}),
            _recipient("S2", "K2", two, old, {"smp": 80}, meal_time=11 * 60),
            _recipient("S2", "K3", one, mid, {"smp": 60, "sd": 7}, meal_time=9 * 60),
            _recipient("S3", "K2", one, old, {"bumil": 20, "balita": 30}),
            _recipient("S4", "K3", two, old, {"santri": 60}),
            _recipient("S5", "K1", two, old, {"sd": 40}, status="suspended"),
            _recipient("S5", "K1", two, mid + 5, {"sd": 44}),
            _recipient("S6", "K1", one, mid, {"paud": 12}),
        )
        calendar = (
            _line(self.first, 0, "K1", False, "dapur libur"),
            _line(self.first, 2, "S1", True, "piket", "sd"),
            _line(self.first + 6, 3, "", False, "libur", "sd smp"),
            _line(self.first + 7, 0, two, True, "pengganti"),
            # Lines that nobody knows of before the change.
            _line(mid, 2, "S4", False, "ujian", "santri"),
            _line(mid + 1, 4, "", True, "masuk"),
            _line(mid + 2, 0, "", False, "batal", "guru"),
        )
        abroad = f"{ABROAD}.01"
        other = Region(
            ABROAD, "Kuningan", "Jawa Barat", "Asia/Beirut", (1, 2, 3, 4, 5, 6, 7), (self.first + 3,),
            (Kecamatan(abroad, abroad),),
        )  # fmt: skip
        return (
            RegionRegistry(home, units, recipients, calendar),
            RegionRegistry(
                other,
                (_unit("K4", "sppg", abroad, old), _unit("C3", "clinic", abroad, old)),
                (_recipient("S7", "K4", abroad, old, {"sma": 90, "guru": 9}),),
            ),
        )

    def first_registries(self) -> tuple[RegionRegistry, ...]:
        """As they are before anybody knows of the changes."""
        return tuple(
            RegionRegistry(
                one.region,
                tuple(row for row in one.units if row.valid_from < self.change),
                tuple(row for row in one.recipients if row.valid_from < self.change),
                tuple(row for row in one.calendar if row.first < self.change),
            )
            for one in self.registries()
        )


def world(number: int, length: int) -> LawWorld:
    """Long ones begin weeks before a change of the clock, short ones the day before."""
    change = iso_to_day(CLOCK_CHANGES[number % len(CLOCK_CHANGES)])
    return LawWorld(change - (27 if length > 20 else 1), length)


SOURCES: Final = {"sppg": KITCHENS, "clinic": CLINICS, "recipient": RECIPIENTS}
TYPES_OF: Final = {
    "sppg": (
        "sppg.meal.eaten",
        "sppg.cooking.finished",
        "sppg.dispatch.departed",
        "sppg.delivery.received",
        "sppg.meal.eaten",
        "sppg.temperature.measured",
        "sppg.food.tested",
        "sppg.incident.reported",
        "sppg.ingredient.received",
    ),
    "clinic": (
        "clinic.growth.measured",
        "clinic.growth.measured",
        "clinic.immunization.given",
        "clinic.antenatal.visited",
        "clinic.case.reported",
        "clinic.cases.counted",
    ),
    "recipient": (
        "recipient.delivery.checked",
        "recipient.delivery.checked",
        "recipient.meal.eaten",
        "recipient.attendance.reported",
        "recipient.attendance.reported",
        "recipient.service.declined",
        "recipient.illness.noticed",
    ),
}

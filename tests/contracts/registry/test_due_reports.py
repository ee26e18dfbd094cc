"""Who has to have reported by when: meal times, the calendar, declined days, and whose kitchen it is."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.registry.due_reports import WHOLE_DAY, DueReport, due_reports, missing_reports
from contracts.registry.entities import CalendarRow, RegionRegistry, Registry
from contracts.registry.missing_text import missing_text
from contracts.time.days import iso_to_day
from tests.examples import KITCHEN, REGION, SCHOOL
from tests.registry_small import KECAMATAN, SECOND_KITCHEN, SMALL, recipient

TUESDAY = iso_to_day("2026-11-24")
SUNDAY = iso_to_day("2026-11-29")
SECOND, THIRD = "npsn:20208124", "npsn:20208125"
LATER = msgspec.structs.replace(recipient(THIRD, KITCHEN), meal_time=11 * 60)
NAMES = {KECAMATAN: "Uji"}


def due(
    day: int = TUESDAY,
    by: int = 10 * 60,
    declined: dict[str, int] | None = None,
    *rows: CalendarRow,
) -> dict[str, DueReport]:
    region = RegionRegistry(SMALL.region, SMALL.units, (*SMALL.recipients, LATER), rows)
    found = due_reports(Registry([region]), REGION, day, by, declined or {})
    return {one.unit_id: one for one in found}


def test_who_is_served_is_due_once_its_meal_time_is_over_and_its_kitchen_with_it() -> None:
    assert due(by=10 * 60 - 1) == {}
    assert list(due()) == [KITCHEN, SECOND_KITCHEN, SCHOOL, SECOND], "kitchens before recipients"
    assert list(due(by=WHOLE_DAY)) == [KITCHEN, SECOND_KITCHEN, SCHOOL, SECOND, THIRD]
    assert due(by=WHOLE_DAY)[KITCHEN].meal_time == 10 * 60
    assert due(SUNDAY, WHOLE_DAY) == {}


def test_who_has_declined_all_its_groups_owes_nothing_and_nor_does_its_kitchen() -> None:
    assert set(due(declined={SCHOOL: 314})) == {SECOND, SECOND_KITCHEN}
    assert set(due(declined={SCHOOL: 300})) == {KITCHEN, SECOND_KITCHEN, SCHOOL, SECOND}
    found = due(TUESDAY, WHOLE_DAY, {SCHOOL: 314})
    assert found[KITCHEN].meal_time == 11 * 60, "it still feeds the other school"


def test_the_calendar_is_respected() -> None:
    holiday = CalendarRow(TUESDAY, TUESDAY, SCHOOL, (), False, "Ujian")
    assert set(due(TUESDAY, 10 * 60, {}, holiday)) == {SECOND, SECOND_KITCHEN}
    sunday = CalendarRow(SUNDAY, SUNDAY, SCHOOL, ("sd",), True, "Acara")
    assert set(due(SUNDAY, WHOLE_DAY, {}, sunday)) == {SCHOOL, KITCHEN}


@given(st.sets(st.sampled_from([KITCHEN, SECOND_KITCHEN, SCHOOL, SECOND, THIRD, "npsn:unknown"])))
def test_missing_is_what_is_due_and_not_reported(reported: set[str]) -> None:
    owed = due(by=WHOLE_DAY)
    found = missing_reports(list(owed.values()), reported)
    assert {one.unit_id for one in found.missing} == set(owed) - reported
    text = missing_text(found, "Sumedang", NAMES, TUESDAY, WHOLE_DAY, WHOLE_DAY, is_simulated=False)
    assert sum(line.startswith("- ") for line in text.splitlines()) == len(found.missing)


def test_the_text_is_a_line_a_unit_that_can_be_copied() -> None:
    owed = due()
    found = missing_reports(list(owed.values()), {SECOND_KITCHEN, SECOND})
    text = missing_text(found, "Sumedang", NAMES, TUESDAY, 630, 628, is_simulated=True)
    assert text.splitlines() == [
        "[SIMULASI] *Belum melapor*, Sumedang, Selasa 24/11/2026 pukul 10.30",
        "1 dapur dan 1 penerima dari 2 dapur dan 2 penerima yang jam makannya sudah lewat.",
        "",
        "*Kec. Uji*",
        f"- Dapur Satuan {KITCHEN}: belum ada laporan kiriman (makan 10.00)",
        f"- Sekolah {SCHOOL}: belum konfirmasi (makan 10.00)",
    ]


@pytest.mark.parametrize(
    ("as_of", "warning"),
    [(None, "belum ada data"), (600, "baru sampai pukul 10.00"), (626, "")],
)
def test_the_text_says_where_reports_may_be_missing_here_alone(
    as_of: int | None, warning: str
) -> None:
    found = missing_reports([*due().values()], set())
    text = missing_text(found, "Sumedang", NAMES, TUESDAY, 630, as_of, is_simulated=False)
    assert ("Perhatian" in text) == bool(warning) and warning in text


def test_the_text_of_a_day_on_which_nobody_owes_anything() -> None:
    nobody = missing_text(missing_reports([], set()), "S", NAMES, SUNDAY, WHOLE_DAY, 0, is_simulated=False)  # fmt: skip
    assert nobody.splitlines() == ["*Belum melapor*, S, Minggu 29/11/2026", "Belum ada yang harus melapor."]  # fmt: skip
    owed = due()
    found = missing_reports([*owed.values()], set(owed))
    done = missing_text(found, "S", NAMES, TUESDAY, 630, 630, is_simulated=False)
    assert done.splitlines()[1] == "Semua 2 dapur dan 2 penerima yang jam makannya sudah lewat sudah melapor."  # fmt: skip


def test_a_name_stays_in_its_line() -> None:
    odd = DueReport("x", "SD *Satu*\n- Dua", "school", KECAMATAN, KITCHEN, 600)
    text = missing_text(missing_reports([odd], ()), "S", NAMES, TUESDAY, 630, 630, is_simulated=False)  # fmt: skip
    assert text.splitlines()[-1] == "- SD Satu - Dua: belum konfirmasi (makan 10.00)"

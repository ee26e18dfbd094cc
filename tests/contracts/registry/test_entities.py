"""The registry: which row is in force, what counts as registered, and what may change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.registry.entities import (
    CalendarRow,
    Kecamatan,
    Recipient,
    Region,
    RegionRegistry,
    Registry,
    Status,
    Thresholds,
    Unit,
    iso_to_day,
    weekday,
)
from contracts.registry.registry_changes import validate_change
from contracts.time.windows import GROUPS

START = iso_to_day("2026-01-01")
TODAY = iso_to_day("2026-11-24")  # a Tuesday
STATUSES: tuple[Status, ...] = ("active", "suspended", "closed")


def region(**changes: Any) -> Region:
    given_: dict[str, Any] = {
        "code": "32.11",
        "name": "Sumedang",
        "province": "Jawa Barat",
        "timezone": "Asia/Jakarta",
        "service_weekdays": (1, 2, 3, 4, 5),
        "holidays": (iso_to_day("2026-12-25"),),
        "holiday_names": ("Natal",),
        "kecamatan": (Kecamatan("32.11.01", "Wado"), Kecamatan("32.11.02", "Jatinunggal")),
    }
    return Region(**(given_ | changes))


def kitchen(unit_id: str = "SPPG-1", **changes: Any) -> Unit:
    given_: dict[str, Any] = {
        "unit_id": unit_id,
        "kind": "sppg",
        "name": "Contoh",
        "kecamatan": "32.11.01",
        "lon": 108.1,
        "lat": -6.9,
        "opens": 60,
        "closes": 840,
        "capacity": 3000,
        "slhs_valid_until": None,
        "registered_children": 0,
        "status": "active",
        "valid_from": START,
        "synthetic": True,
    }
    return Unit(**(given_ | changes))


def clinic(unit_id: str = "PKM-1", **changes: Any) -> Unit:
    return kitchen(
        unit_id, **({"kind": "clinic", "capacity": 0, "registered_children": 40} | changes)
    )


def school(recipient_id: str = "npsn:X0000001", **changes: Any) -> Recipient:
    given_: dict[str, Any] = {
        "recipient_id": recipient_id,
        "name": "SD Contoh",
        "kind": "school",
        "kecamatan": "32.11.02",
        "lon": 108.1,
        "lat": -6.9,
        "unit_id": "SPPG-1",
        "meal_time": 570,
        "registered": {"sd": 100, "guru": 5},
        "status": "active",
        "valid_from": START,
        "synthetic": True,
    }
    return Recipient(**(given_ | changes))


def rows(
    units: tuple[Unit, ...],
    recipients: tuple[Recipient, ...] = (),
    calendar: tuple[CalendarRow, ...] = (),
    **changes: Any,
) -> RegionRegistry:
    return RegionRegistry(region(**changes), units, recipients, calendar)


def test_the_row_in_force_is_the_newest_that_has_begun() -> None:
    newer = kitchen(valid_from=TODAY, capacity=2500)
    registry = Registry([rows((newer, kitchen()))])
    assert registry.unit("SPPG-1", START - 1) is None
    assert registry.unit("SPPG-1", START) == kitchen()
    assert registry.unit("SPPG-1", TODAY - 1) == kitchen()
    assert registry.unit("SPPG-1", TODAY) == newer
    assert registry.unit("SPPG-2", TODAY) is None
    assert registry.region_of_unit("SPPG-1") == "32.11"
    assert registry.region_of_unit("SPPG-2") is None


def test_a_service_day_is_a_weekday_of_service_and_no_holiday() -> None:
    registry = Registry([rows((kitchen(),), (school(),))])
    friday, saturday = iso_to_day("2026-12-18"), iso_to_day("2026-12-19")
    christmas = iso_to_day("2026-12-25")
    assert weekday(christmas) == 5
    assert [registry.is_service_day("32.11", day) for day in (friday, saturday, christmas)] == [
        True,
        False,
        False,
    ]
    assert [registry.kitchen_target("SPPG-1", day) for day in (friday, saturday, christmas)] == [
        105,
        0,
        0,
    ]


def test_registered_counts_active_recipients_of_active_kitchens() -> None:
    moved = school(valid_from=TODAY + 1, unit_id="SPPG-2")
    paused = kitchen("SPPG-2", status="suspended", valid_from=TODAY + 3)
    registry = Registry([rows((kitchen(), kitchen("SPPG-2"), paused), (school(), moved))])
    assert registry.registered("npsn:X0000001", TODAY) == {"sd": 100, "guru": 5}
    assert registry.registered("npsn:X0000001", TODAY + 1) == {"sd": 100, "guru": 5}
    assert registry.registered("npsn:X0000001", TODAY + 3) == {}
    assert registry.registered("npsn:none", TODAY) == {}
    assert [registry.kitchen_target("SPPG-1", TODAY + n) for n in range(3)] == [105, 0, 0]
    assert [registry.kitchen_target("SPPG-2", TODAY + n) for n in range(4)] == [0, 105, 105, 0]
    assert registry.recipients_of_kitchen("SPPG-2", TODAY + 3) == (moved,)
    assert set(registry.units_in_force("32.11", TODAY + 3)) == {"SPPG-1", "SPPG-2"}


def test_children_count_at_active_clinics_only() -> None:
    registry = Registry([rows((clinic(), clinic(status="closed", valid_from=TODAY), kitchen()))])
    assert registry.children_registered("PKM-1", TODAY - 1) == 40
    assert registry.children_registered("PKM-1", TODAY) == 0
    assert registry.children_registered("SPPG-1", TODAY) == 0


def test_days_between_two_changes_share_one_view() -> None:
    registry = Registry([rows((kitchen(), kitchen(valid_from=TODAY, status="closed")))])
    assert registry.view("32.11", TODAY - 40) is registry.view("32.11", TODAY - 1)
    assert registry.view("32.11", TODAY - 1) is not registry.view("32.11", TODAY)


def test_an_id_in_two_regions_is_refused() -> None:
    other = RegionRegistry(region(code="32.08"), (kitchen(),), ())
    with pytest.raises(ValueError, match=r"SPPG-1 is in regions 32\.11 and 32\.08"):
        Registry([rows((kitchen(),)), other])
    with pytest.raises(ValueError, match="twice"):
        Registry([rows(()), rows(())])


UNITS = st.lists(
    st.builds(
        kitchen,
        st.sampled_from(["SPPG-1", "SPPG-2"]),
        status=st.sampled_from(STATUSES),
        valid_from=st.integers(START, START + 6),
    ),
    max_size=6,
    unique_by=lambda unit: (unit.unit_id, unit.valid_from),
)
RECIPIENTS = st.lists(
    st.builds(
        school,
        st.sampled_from(["npsn:X0000001", "npsn:X0000002", "npsn:X0000003"]),
        unit_id=st.sampled_from(["SPPG-1", "SPPG-2"]),
        status=st.sampled_from(STATUSES),
        valid_from=st.integers(START, START + 6),
        registered=st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 50), max_size=3),
    ),
    max_size=8,
    unique_by=lambda one: (one.recipient_id, one.valid_from),
)


@given(UNITS, RECIPIENTS, st.integers(START - 1, START + 8))
def test_look_ups_are_the_definitions(
    units: list[Unit], recipients: list[Recipient], day: int
) -> None:
    registry = Registry(
        [rows(tuple(units), tuple(recipients), service_weekdays=(1, 2, 3, 4, 5, 6, 7))]
    )

    def in_force(key: str) -> Unit | Recipient | None:
        begun: list[Unit | Recipient] = [
            *(u for u in units if u.unit_id == key and u.valid_from <= day),
            *(r for r in recipients if r.recipient_id == key and r.valid_from <= day),
        ]
        return sorted(begun, key=lambda row: row.valid_from)[-1] if begun else None

    expected = dict.fromkeys(("SPPG-1", "SPPG-2"), 0)
    for key in ("npsn:X0000001", "npsn:X0000002", "npsn:X0000003"):
        row = in_force(key)
        assert registry.recipient(key, day) == row
        counted: dict[str, int] = {}
        if isinstance(row, Recipient) and row.status == "active":
            of = in_force(row.unit_id)
            if of is not None and of.status == "active":
                counted = {group: n for group, n in row.registered.items() if n}
                expected[row.unit_id] += sum(counted.values())
        assert registry.registered(key, day) == counted
    for key, target in expected.items():
        assert registry.unit(key, day) == in_force(key)
        assert registry.kitchen_target(key, day) == target


@given(UNITS, RECIPIENTS)
def test_a_registry_survives_the_wire(units: list[Unit], recipients: list[Recipient]) -> None:
    sent = rows(tuple(units), tuple(recipients), thresholds=Thresholds(over_4h_min=200))
    raw = sent.encode()
    got = RegionRegistry.decode(raw)
    assert got == sent
    assert got.encode() == raw
    assert got.version == sent.version


def test_the_version_tells_registries_apart() -> None:
    assert rows((kitchen(),)).version != rows((kitchen(capacity=2999),)).version


OLD = rows((kitchen(), clinic()), (school(),))


def test_the_first_load_may_begin_on_any_day() -> None:
    assert validate_change(None, OLD, TODAY) == []


def test_rows_for_days_to_come_may_be_added() -> None:
    new = rows((*OLD.units, kitchen(valid_from=TODAY + 1, status="suspended")), OLD.recipients)
    assert validate_change(OLD, new, TODAY) == []


def test_a_row_for_today_comes_too_late() -> None:
    new = rows((*OLD.units, kitchen(valid_from=TODAY, status="suspended")), OLD.recipients)
    assert validate_change(OLD, new, TODAY) == [
        "units.csv, row SPPG-1 valid_from 2026-11-24: is new, but its valid_from is not after today "
        "(2026-11-24): write 2026-11-25 or later"
    ]


def test_an_edited_row_names_what_was_changed() -> None:
    new = rows((kitchen(capacity=3500), clinic()), OLD.recipients)
    (fault,) = validate_change(OLD, new, TODAY)
    assert (
        "units.csv, row SPPG-1 valid_from 2026-01-01: was edited (capacity 3000 -> 3500)" in fault
    )
    assert "valid_from 2026-11-25 or later" in fault


def test_a_removed_row_is_missed() -> None:
    (fault,) = validate_change(OLD, rows(OLD.units), TODAY)
    assert fault.startswith("recipients.csv, row npsn:X0000001 valid_from 2026-01-01: was removed")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timezone": "Asia/Makassar"}, "region.yaml, timezone"),
        ({"service_weekdays": (1, 2)}, "region.yaml, service_weekdays"),
        ({"holidays": (TODAY, iso_to_day("2026-12-25"))}, "2026-11-24 was added"),
        ({"kecamatan": (Kecamatan("32.11.01", "Wado"),)}, "32.11.02 (Jatinunggal) was removed"),
    ],
)
def test_what_would_change_past_days_is_refused(changes: dict[str, Any], said: str) -> None:
    (fault,) = validate_change(OLD, rows(OLD.units, OLD.recipients, **changes), TODAY)
    assert said in fault
    assert "restore it" in fault


@pytest.mark.parametrize(
    "changes",
    [
        {"holidays": ()},  # 25 December is still to come
        {"thresholds": Thresholds(over_4h_min=200)},
        {"name": "Kabupaten Sumedang"},
    ],
)
def test_what_leaves_the_past_alone_is_taken(changes: dict[str, Any]) -> None:
    assert validate_change(OLD, rows(OLD.units, OLD.recipients, **changes), TODAY) == []


def test_a_region_too_large_for_a_record_is_refused() -> None:
    many = tuple(school(f"npsn:X{number:07d}", name="x" * 100) for number in range(5000))
    (fault,) = validate_change(None, rows((kitchen(),), many), TODAY)
    assert "1,000,000" in fault

"""The calendar: narrowest scope, then the named group, then the later line, else the weekday."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.registry.entities import CalendarRow, Registry, iso_to_day
from contracts.registry.registry_changes import validate_change
from tests.contracts.registry.test_entities import TODAY, kitchen, rows, school
from tests.naive_calendar import ruled

GROUPS = ("sd", "guru", "bumil")
SCOPES = ("npsn:X0000001", "SPPG-1", "32.11.02", "", "npsn:X0000002", "SPPG-2", "32.11.01")
SCHOOLS = (
    school(registered={"sd": 100, "guru": 5}),
    school(
        "npsn:X0000002", kecamatan="32.11.01", unit_id="SPPG-2", registered={"sd": 7, "bumil": 3}
    ),
)
DAYS = range(TODAY, TODAY + 5)


@st.composite
def calendar_rows(draw: st.DrawFn) -> CalendarRow:
    first = draw(st.sampled_from(DAYS))
    return CalendarRow(
        first,
        draw(st.integers(first, DAYS[-1])),
        draw(st.sampled_from(SCOPES)),
        tuple(draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True))),
        draw(st.booleans()),
        draw(st.sampled_from(("ujian", "libur"))),
    )


@given(st.lists(calendar_rows(), max_size=8))
def test_what_is_served_is_what_the_definition_gives(lines: list[CalendarRow]) -> None:
    units = (kitchen(), kitchen("SPPG-2", kecamatan="32.11.01"))
    given_ = rows(units, SCHOOLS, calendar=tuple(lines))
    registry = Registry([given_])
    for day in DAYS:
        service = registry.service("32.11", day)
        for one in SCHOOLS:
            for group, n in one.registered.items():
                served, reason = ruled(given_, one, group, day)
                assert service.registered.get(one.recipient_id, {}).get(group) == (
                    n if served else None
                )
                left_out = service.not_served.get(one.recipient_id, {})
                assert left_out.get(group) == (None if served else reason)
            assert registry.kitchen_target(one.unit_id, day) == sum(
                service.registered.get(one.recipient_id, {}).values()
            )
        assert registry.is_service_day("32.11", day) == bool(service.registered)


def test_days_that_are_ruled_alike_share_one_service() -> None:
    exam = CalendarRow(TODAY + 2, TODAY + 2, "npsn:X0000001", (), False, "ujian")
    registry = Registry([rows((kitchen(),), SCHOOLS[:1], calendar=(exam,))])
    first, second, third = (registry.service("32.11", TODAY + n) for n in range(3))
    assert first is second
    assert (first.registered, third.registered) == ({"npsn:X0000001": {"sd": 100, "guru": 5}}, {})
    assert third.not_served == {"npsn:X0000001": {"sd": "ujian", "guru": "ujian"}}


def test_a_holiday_stands_before_the_calendars_lines() -> None:
    christmas = iso_to_day("2026-12-25")
    open_again = CalendarRow(christmas, christmas, "", ("sd",), True, "piket")
    registry = Registry([rows((kitchen(),), SCHOOLS[:1], calendar=(open_again,))])
    service = registry.service("32.11", christmas)
    assert service.registered == {"npsn:X0000001": {"sd": 100}}
    assert service.not_served == {"npsn:X0000001": {"guru": "Natal"}}


def test_lines_are_added_for_days_to_come_only() -> None:
    old = CalendarRow(TODAY - 3, TODAY + 3, "", (), False, "libur")
    before = rows((kitchen(),), SCHOOLS[:1], calendar=(old,))

    def faults(*lines: CalendarRow) -> list[str]:
        return validate_change(before, rows((kitchen(),), SCHOOLS[:1], calendar=lines), TODAY)

    def line(first: int, reason: str = "ujian") -> CalendarRow:
        return CalendarRow(first, first, "", (), False, reason)

    assert not faults(old)
    assert not faults(old, line(TODAY + 1))
    assert not faults(line(TODAY + 1), old)
    assert "is new or was edited" in faults(old, line(TODAY))[0]
    assert "was removed" in faults()[0]
    assert len(faults(CalendarRow(TODAY - 3, TODAY + 3, "", (), True, "libur"))) == 2

"""Local days against the zone database itself, in zones with summer time too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.time.days import DAY_MS, Zone, day_to_iso, iso_to_day, weekday

ZONES = [
    "Asia/Jakarta",
    "Asia/Makassar",
    "Europe/Berlin",
    "America/Santiago",  # summer time begins at midnight: that day begins at 01:00
    "America/Havana",  # and ends at 01:00: midnight comes twice
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",  # +05:45
    "Pacific/Kiritimati",  # +14:00
    "Africa/Casablanca",  # twice in some years
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(iso_to_day("2020-01-01") * DAY_MS, iso_to_day("2037-01-01") * DAY_MS)
DAYS = st.integers(iso_to_day("2020-01-01"), iso_to_day("2036-12-31"))
HELD = {name: Zone(name) for name in ZONES}


def local(name: str, epoch_ms: int) -> datetime:
    return (EPOCH + timedelta(milliseconds=epoch_ms)).astimezone(ZoneInfo(name))


@given(st.sampled_from(ZONES), MOMENTS)
@example("Europe/Berlin", 1_792_890_000_000 - 1)  # 2026-10-25, the last moment of summer time
@example("Europe/Berlin", 1_792_890_000_000)
def test_day_and_time_of_day_are_those_of_the_zone_database(name: str, epoch_ms: int) -> None:
    zone = HELD[name]
    moment = local(name, epoch_ms)
    assert day_to_iso(zone.local_day(epoch_ms)) == moment.date().isoformat()
    assert zone.minute_of_day(epoch_ms) == moment.hour * 60 + moment.minute
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    assert zone.ms_of_day(epoch_ms) == seconds * 1000 + moment.microsecond // 1000
    # What is remembered of a quarter of an hour holds for all of it.
    zone.day_and_offset(epoch_ms // 900_000 * 900_000)
    assert zone.day_and_offset(epoch_ms) == (zone.local_day(epoch_ms), zone.offset_ms(epoch_ms))


@given(st.sampled_from(ZONES), DAYS)
@example("America/Santiago", iso_to_day("2026-09-06"))
@example("America/Havana", iso_to_day("2026-11-01"))
def test_a_day_starts_at_its_first_moment(name: str, day: int) -> None:
    zone = HELD[name]
    start = zone.day_start_ms(day)
    assert zone.local_day(start) == day
    assert zone.local_day(start - 1) == day - 1
    assert zone.day_start_ms(day + 1) > start


@given(st.sampled_from(ZONES), DAYS, st.integers(0, 1439))
@example("America/Santiago", iso_to_day("2026-09-06"), 30)
def test_a_time_of_day_is_found_or_skipped_by_the_clock(name: str, day: int, minute: int) -> None:
    zone = HELD[name]
    moment = zone.moment_ms(day, minute)
    shown = (zone.local_day(moment), zone.minute_of_day(moment))
    if shown != (day, minute):
        wall = datetime.fromisoformat(day_to_iso(day)) + timedelta(minutes=minute)
        back = wall.replace(tzinfo=ZoneInfo(name)).astimezone(UTC).astimezone(ZoneInfo(name))
        assert back.replace(tzinfo=None) != wall, "only a time that no clock shows may be missed"


def test_a_day_that_a_zone_left_out_has_no_length() -> None:
    zone = Zone("Pacific/Apia")
    left_out = iso_to_day("2011-12-30")
    assert zone.day_start_ms(left_out) == zone.day_start_ms(left_out + 1)


def test_jakarta_begins_its_day_seven_hours_before_utc() -> None:
    zone = Zone("Asia/Jakarta")
    day = iso_to_day("2026-11-24")
    assert zone.day_start_ms(day) == day * DAY_MS - 7 * 3_600_000
    assert zone.moment_ms(day, 24 * 60) == zone.day_start_ms(day + 1)


@given(st.integers(-(2**60), 2**60))
def test_any_time_has_a_day(epoch_ms: int) -> None:
    assert abs(HELD["Asia/Jakarta"].local_day(epoch_ms) - epoch_ms // DAY_MS) <= 1


@given(st.dates())
def test_days_are_written_and_read(one: date) -> None:
    day = iso_to_day(one.isoformat())
    assert day_to_iso(day) == one.isoformat()
    assert weekday(day) == one.isoweekday()


@pytest.mark.parametrize(
    "text", ["2026-W48-2", "20261124", "2026-11-31", "2026-1-1", "", "٢٠٢٦-11-24"]
)
def test_what_is_no_date_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        iso_to_day(text)


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ValueError, match="Asia/Sumedang"):
        Zone("Asia/Sumedang")

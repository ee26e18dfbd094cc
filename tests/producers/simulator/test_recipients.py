"""The receiving side of the simulated days: who reports what, whom the calendar leaves out, packs, lots and tallies."""

from __future__ import annotations

from collections import Counter
from functools import cache

from msgspec import UNSET

from contracts.events.checks import check
from contracts.events.codes import Code
from contracts.events.event_types import (
    AttendanceReported,
    CasesCounted,
    CookingFinished,
    DeliveryChecked,
    DeliveryReceived,
    Event,
    IllnessNoticed,
    IngredientReceived,
    ServiceDeclined,
)
from contracts.registry.entities import iso_to_day
from producers.simulator.events.truth import TruthRecord, sums
from producers.simulator.plan.kitchens import plan
from producers.simulator.plan.recipients import reporter
from producers.simulator.plan.scenario import appointment, outbreak
from producers.simulator.sending.devices import (
    SENT_WITHIN_DAYS,
    RecipientDay,
    recipient_days,
    unit_day,
)
from producers.simulator.world import HOUR_MS
from tests.producers.simulator.simulated import TUESDAY, event, whole_day, world

BREAK = iso_to_day("2026-12-22")
EXAM = iso_to_day("2026-12-02")
BEFORE_CHRISTMAS = iso_to_day("2026-12-23")
BEFORE_ASCENSION = iso_to_day("2026-05-13")


@cache
def receptions() -> dict[str, RecipientDay]:
    one = world()
    kitchens = [unit for unit in one.active_units(TUESDAY) if unit.kind == "sppg"]
    return {made.recipient_id: made for k in kitchens for made in recipient_days(one, k, TUESDAY)}


def events() -> list[Event]:
    return [event(entry) for made in receptions().values() for entry in made.events]


def test_only_phones_whose_clock_is_far_ahead_are_refused() -> None:
    one, codes = world(), Counter[Code]()
    for made in receptions().values():
        for post in made.posts:
            for entry in post.events:
                refusal = check(event(entry), one.registry, post.due_ms)
                if refusal is not None:
                    codes[refusal.code] += 1
                    assert reporter(one, made.recipient_id).clock_ms > 0
    assert set(codes) <= {Code.IN_FUTURE} and codes.total() < 30


def test_most_confirm_some_refuse_and_some_never_report() -> None:
    checked = [one.data for one in events() if isinstance(one, DeliveryChecked)]
    served = world().registry.service("32.11", TUESDAY).registered
    assert 0.75 * len(served) < len(receptions()) < 0.95 * len(served)
    assert 5 < sum(data.refused > 0 for data in checked) < 0.06 * len(checked)
    assert all(data.reasons for data in checked if data.refused or not data.senses_passed)
    assert any(isinstance(one, ServiceDeclined) for one in events())
    assert any(isinstance(one, AttendanceReported) and one.data.absent_ill for one in events())
    assert len(events()) < 4 * len(served)


def test_each_event_is_posted_once_in_time_and_some_late() -> None:
    late = 0
    for made in receptions().values():
        assert [entry for post in made.posts for entry in post.events] == list(made.events)
        for post in made.posts:
            assert post.due_ms < world().midnight_ms(TUESDAY + SENT_WITHIN_DAYS)
            assert post.due_ms >= max(entry.made_ms for entry in post.events)
            late += post.due_ms - post.events[-1].made_ms > HOUR_MS
    assert 20 < late < 0.15 * len(receptions()) * 2


def test_kitchens_cook_for_those_whom_the_calendar_serves() -> None:
    one = world()
    for day in (EXAM, BREAK):
        served = one.registry.service("32.11", day)
        assert served.not_served and sum(served.target_of.values()) > 0
        for unit in one.active_units(day)[::15]:
            fed = {who.recipient_id: groups for who, groups in one.fed_by(unit.unit_id, day)}
            assert all(fed[key] == served.registered[key] for key in fed)
    pupils = {"paud", "sd", "smp", "sma", "santri", "guru"}
    groups = {
        group
        for unit in one.active_units(BREAK)
        for _, registered in one.fed_by(unit.unit_id, BREAK)
        for group in registered
    }
    assert groups and not groups & pupils


def test_packs_are_handed_out_on_the_day_before_a_holiday_without_a_time_of_cooking() -> None:
    one = world()
    for day, packages in ((BEFORE_CHRISTMAS, {"dry"}), (BEFORE_ASCENSION, {"dry", "bundle"})):
        received = [
            read.data
            for unit in one.active_units(day)[-20:]
            for read in map(event, unit_day(one, unit, day).events)
            if isinstance(read, DeliveryReceived)
        ]
        assert {data.package for data in received if data.package} == packages
        assert all((data.cooked_at is UNSET) == bool(data.package) for data in received)
    assert not one.before_holiday("npsn:X2110001", TUESDAY)


def test_in_ramadan_pupils_take_dry_packs_home_and_small_children_eat_fresh() -> None:
    one = world()
    day = iso_to_day("2026-03-12")
    packages = {
        (stop.recipient.kind == "posyandu", stop.package)
        for unit in one.active_units(day)[-10:]
        if unit.kind == "sppg" and (happened := plan(one, unit, day))
        for _, stop in happened.stops()
    }
    assert packages == {(True, "fresh"), (False, "dry")}


def test_batches_name_lots_that_were_received_and_some_were_bought_ready() -> None:
    ready = 0
    for made in whole_day().values():
        said = [event(one) for one in made.events if b"hb-" not in one.line]
        lots = {one.data.lot for one in said if isinstance(one, IngredientReceived)}
        ready += sum(isinstance(one, IngredientReceived) and one.data.ready_to_eat for one in said)
        for one in said:
            if isinstance(one, CookingFinished):
                assert isinstance(one.data.lots, list) and set(one.data.lots) <= lots
    assert ready > 3


def test_clinics_send_counts_of_which_the_newer_stands() -> None:
    pairs = 0
    for made in whole_day().values():
        said = [event(one) for one in made.events if b"cases.counted" in one.line]
        counts = [one for one in said if isinstance(one, CasesCounted)]
        if counts:
            pairs += 1
            assert len(counts) == 2 and counts[1].supersedes == counts[0].id
            assert counts[1].data.cases >= counts[0].data.cases
    assert pairs


def test_after_an_outbreak_clinics_count_and_its_schools_count_the_absent() -> None:
    one = world()
    agreed = appointment("outbreak", one, one.midnight_ms(TUESDAY))
    said = [event(line) for post in outbreak(one, agreed) for line in post.events]
    ill = [line for line in said if isinstance(line, IllnessNoticed)]
    absent = [line for line in said if isinstance(line, AttendanceReported)]
    counts = [line for line in said if isinstance(line, CasesCounted)]
    assert {line.origin.unit_id for line in counts} > {"RS-3211-001"}
    tallies: dict[str, list[CasesCounted]] = {}
    for line in counts:
        tallies.setdefault(line.source, []).append(line)
    for first, newer in tallies.values():
        assert newer.supersedes == first.id and newer.data.cases >= first.data.cases
    assert ill and {line.source for line in absent} == {line.source for line in ill}
    assert all(line.time_ms > one.midnight_ms(TUESDAY + 1) for line in ill)


def test_the_truth_sums_what_recipients_say() -> None:
    record = TruthRecord({(one.origin.unit_id, one.id): one for one in events()})
    checked = [one.data for one in events() if isinstance(one, DeliveryChecked)]
    counts = sums(record)["reception"]["32.11"]
    assert counts["confirmed"] == sum(data.portions for data in checked) > 100_000
    assert counts["refused"] == sum(data.refused for data in checked) > 0
    assert counts["present"] > 100_000

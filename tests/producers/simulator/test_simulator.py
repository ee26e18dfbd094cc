"""The simulated days: the same for a seed, valid to the letter, credible in their sums, quiet when nobody works."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.event_types import (
    CookingFinished,
    DeliveryReceived,
    DispatchDeparted,
    Event,
    GrowthMeasured,
    Heartbeat,
    MealEaten,
    Retracted,
)
from contracts.events.nik import nik_in
from contracts.registry.entities import Registry
from producers.simulator.events.event_lines import HEARTBEAT, DeviceEvent, day_of
from producers.simulator.plan.clinics import posyandu_places
from producers.simulator.plan.kitchens import character, plan
from producers.simulator.sending.devices import SENT_WITHIN_DAYS, STALE_MS, unit_day
from producers.simulator.sending.to_file import sent
from producers.simulator.world import HOUR_MS, MINUTE_MS, Rates, World
from streams.core.metrics import growth_standards
from tests.producers.simulator.simulated import (
    CHRISTMAS,
    SUNDAY,
    TUESDAY,
    assert_accepted,
    event,
    registry,
    small,
    whole_day,
    world,
)
from tests.registry_small import SMALL


def final(said: list[DeviceEvent]) -> list[Event]:
    """What counts in the end, folded here by hand."""
    events = [event(one) for one in said if one.rank != HEARTBEAT]
    gone = {one.supersedes for one in events if one.supersedes}
    return [one for one in events if one.id not in gone and not isinstance(one, Retracted)]


@pytest.mark.parametrize("code", ["32.11", "32.08"])
def test_every_event_of_a_day_is_accepted(code: str) -> None:
    posts = [post for made in whole_day(code=code).values() for post in made.posts]
    assert assert_accepted(world(code=code), posts) > 40_000


def test_a_day_of_sumedang_has_the_size_that_was_estimated() -> None:
    assert 40_000 < sum(len(made.events) for made in whole_day().values()) < 60_000


def test_the_same_seed_gives_the_same_day_whatever_was_made_before() -> None:
    one, other = world(5), world(5)
    units = one.active_units(TUESDAY)[::17]
    first = [unit_day(one, unit, TUESDAY) for unit in units]
    for unit in reversed(units):
        unit_day(other, unit, TUESDAY - 1)
    assert [unit_day(other, unit, TUESDAY) for unit in units] == first
    assert [unit_day(world(6), unit, TUESDAY) for unit in units] != first


def test_rates_change_the_sensors_and_heartbeats_only() -> None:
    unit = world().active_units(TUESDAY)[0]
    usual = final(unit_day(world(), unit, TUESDAY).events)
    quiet = unit_day(world(rates=Rates(0, 0, 1200)), unit, TUESDAY).events
    assert not [one for one in quiet if one.rank == HEARTBEAT]
    assert final(quiet) == [one for one in usual if "temperature" not in type(one).__name__.lower()]


def test_what_is_cooked_driven_received_and_eaten_is_credible() -> None:
    target = sum(world().registry.service(world().region, TUESDAY).target_of.values())
    sums = dict.fromkeys(("cooked", "dispatched", "received", "eaten"), 0)
    for made in whole_day().values():
        for one in final(made.events):
            match one:
                case CookingFinished():
                    sums["cooked"] += one.data.portions
                case DispatchDeparted():
                    sums["dispatched"] += one.data.portions
                case DeliveryReceived():
                    sums["received"] += one.data.portions
                case MealEaten():
                    sums["eaten"] += sum(one.data.eaten.values())
    assert 0.95 * target < sums["cooked"] < 1.05 * target
    assert sums["received"] == sums["dispatched"] <= sums["cooked"]
    assert 0.8 * target < sums["eaten"] < sums["received"]


def test_what_counts_in_the_end_is_what_happened() -> None:
    for unit in world().active_units(TUESDAY):
        happened = plan(world(), unit, TUESDAY) if unit.kind == "sppg" else None
        if happened is not None:
            stops = [stop for _, stop in happened.stops() if stop.portions is not None]
            said = final(whole_day()[unit.unit_id].events)
            received = [one for one in said if isinstance(one, DeliveryReceived)]
            eaten = [one for one in said if isinstance(one, MealEaten)]
            assert sorted((one.subject, one.data.portions) for one in received) == sorted(
                (stop.recipient.recipient_id, stop.portions) for stop in stops
            )
            assert {one.subject: one.data.eaten for one in eaten} == {
                stop.recipient.recipient_id: stop.eaten for stop in stops
            }


def test_two_batches_are_cooked_before_dawn_and_in_the_morning() -> None:
    midnight = world().midnight_ms(TUESDAY)
    for unit in world().active_units(TUESDAY):
        happened = plan(world(), unit, TUESDAY) if unit.kind == "sppg" else None
        for batch in happened.batches if happened else ():
            hour = (batch.cooked_ms - midnight) / HOUR_MS
            assert 1 < hour < 4.3 if batch.number == 1 else 6 < hour < 8


def test_most_deliveries_are_in_time_and_fresh_and_some_are_not() -> None:
    """A normal day: a few kitchens have most of the food that is over four hours old, and a wall has room for them."""
    late = count = 0
    old: Counter[str] = Counter()
    for unit in world().active_units(TUESDAY):
        happened = plan(world(), unit, TUESDAY) if unit.kind == "sppg" else None
        for _, stop in happened.stops() if happened else ():
            if stop.portions is not None:
                meal = world().midnight_ms(TUESDAY) + stop.recipient.meal_time * MINUTE_MS
                count += 1
                late += stop.arrives_ms > meal
                old[unit.unit_id] += stop.arrives_ms - stop.batch.cooked_ms > 4 * HOUR_MS
    assert 0.005 < late / count < 0.03
    assert 0.01 < old.total() / count < 0.03
    assert sum(n for _, n in old.most_common(10)) > 0.6 * old.total()


def test_units_are_heard_within_their_hours_and_quiet_outside() -> None:
    for unit in world().active_units(TUESDAY):
        beats = [s.made_ms for s in whole_day()[unit.unit_id].events if s.rank == HEARTBEAT]
        hours = world().hours(unit, TUESDAY)
        assert all(any(opens <= at < closes for opens, closes in hours) for at in beats)
        expected = sum((closes - opens) // 300_000 for opens, closes in hours)
        assert expected - 2 <= len(beats) <= expected + 2


def test_an_open_unit_with_a_network_posts_at_least_every_eleven_minutes() -> None:
    steady = 0
    for unit in world().active_units(TUESDAY):
        posts = [post.due_ms for post in whole_day()[unit.unit_id].posts]
        opens, closes = world().hours(unit, TUESDAY)[0]
        within = [opens, *(at for at in posts if opens <= at < closes), closes]
        steady += max(b - a for a, b in itertools.pairwise(within)) <= 11 * MINUTE_MS
    assert steady > 0.95 * len(world().active_units(TUESDAY))


@pytest.mark.parametrize("day", [SUNDAY, CHRISTMAS])
def test_on_days_off_kitchens_only_beat_and_clinics_are_closed(day: int) -> None:
    one = world()
    units = one.active_units(day)
    assert units and {unit.kind for unit in units} == {"sppg"}
    for unit in units[::10]:
        assert {type(event(entry)) for entry in unit_day(one, unit, day).events} == {Heartbeat}


def test_suspended_kitchens_and_closed_schools_do_nothing() -> None:
    kitchen, other = SMALL.units[:2]
    closed = msgspec.structs.replace(SMALL.recipients[1], status="closed")
    changed = msgspec.structs.replace(
        SMALL,
        units=(msgspec.structs.replace(kitchen, status="suspended"), *SMALL.units[1:]),
        recipients=(SMALL.recipients[0], closed),
    )
    one = World(Registry([changed]), "32.11", 1)
    assert kitchen not in one.active_units(TUESDAY)
    assert plan(one, other, TUESDAY) is None, "whom it feeds is closed"


def test_no_nik_and_ids_are_filed_by_their_day() -> None:
    for made in whole_day().values():
        for entry in made.events:
            assert not nik_in(entry.line)
            assert day_of(entry.id) == "2026-11-24" and f'"time":"{day_of(entry.id)}T' in str(
                entry.line
            )


def test_every_child_is_measured_on_one_day_of_the_month() -> None:
    one = world()
    for unit in [unit for unit in one.active_units(TUESDAY) if unit.kind == "clinic"][::20]:
        places = [
            place
            for day in range(TUESDAY - 23, TUESDAY + 7)
            for place in posyandu_places(one, unit, day)
        ]
        assert sorted(places) == list(range(unit.registered_children))


def test_children_are_as_stunted_as_the_kabupaten_reports() -> None:
    data = [
        one.data
        for made in whole_day().values()
        for one in map(event, made.events)
        if isinstance(one, GrowthMeasured)
    ]
    scores = [growth_standards.haz(d.sex, d.age_days, d.height_cm, d.posture) for d in data]
    weights = [
        growth_standards.whz(d.sex, d.age_days, d.weight_kg, d.height_cm, d.posture) for d in data
    ]
    assert 1_500 < len(data) < 4_000 and None not in scores and None not in weights
    assert 0.04 < sum(z < -2 for z in scores if z is not None) / len(data) < 0.10
    assert 0.02 < sum(z < -2 for z in weights if z is not None) / len(data) < 0.07


def test_some_post_late_some_twice_some_correct_and_some_report_past_days() -> None:
    twice = late = corrected = 0
    for made in whole_day().values():
        ids = [entry.id for post in made.posts for entry in post.events]
        twice += len(ids) - len(set(ids))
        late += sum(
            post.due_ms - entry.made_ms > HOUR_MS for post in made.posts for entry in post.events
        )
        corrected += sum(b'"supersedes"' in entry.line for entry in made.events)
    assert twice > 100 and late > 20 and corrected > 20
    ours = [u.unit_id for u in world().active_units(TUESDAY) if u.kind == "sppg"]
    rapel = [unit_id for unit_id in ours if character(world(), unit_id).reports_later]
    assert rapel
    for unit_id in rapel:
        meals = [
            post.due_ms
            for post in whole_day()[unit_id].posts
            for entry in post.events
            if b"meal.eaten" in entry.line and b'"supersedes"' not in entry.line
        ]
        latest = world().midnight_ms(TUESDAY + SENT_WITHIN_DAYS)
        assert len({at for at in meals if at < latest}) <= 3 and max(meals) < latest


def test_the_days_of_a_file_follow_each_other_in_order() -> None:
    posts = list(sent(small(), TUESDAY - 2, 3))
    assert [post.due_ms for post in posts] == sorted(post.due_ms for post in posts)
    alone = {entry for post in sent(small(), TUESDAY, 1) for entry in post.events}
    assert alone <= {entry for post in posts for entry in post.events}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), day=st.integers(TUESDAY - 400, TUESDAY + 800))
def test_any_seed_and_day(seed: int, day: int) -> None:
    one = small(seed)
    for unit in one.active_units(day):
        made = unit_day(one, unit, day)
        assert len({entry.id for entry in made.events}) == len(made.events)
        assert_accepted(one, made.posts)
        posted = {entry.id for post in made.posts for entry in post.events}
        assert {entry.id for entry in made.events if entry.rank != HEARTBEAT} <= posted
        for post in made.posts:
            assert post.due_ms < one.midnight_ms(day + SENT_WITHIN_DAYS)
            for entry in post.events:
                waited = post.due_ms - entry.made_ms
                assert waited >= 0 and (entry.rank != HEARTBEAT or waited <= STALE_MS + HOUR_MS)


def test_the_region_of_a_world_must_be_known() -> None:
    with pytest.raises(KeyError):
        World(registry(), "32.99", 1)

"""A simulated week as the wall gets it: Ramadan, bundles before a holiday, a holiday with small children served, exams, Saturdays.

Eight kitchens of Sumedang in March 2027 go through the real folds; at 16:00 of each day the live rows must say nothing
that the kabupaten would call wrong: a target of somebody who is not served, a pack that is called old, a quiet school that
is called a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from contracts.events.event_types import DeliveryReceived
from contracts.events.partition import partition_of
from contracts.registry.entities import DAY_MS, CalendarRow, RegionRegistry, Registry, iso_to_day
from contracts.results.topics import TOPIC_OF_KIND
from dashboard_ws.gateway.api.region_info import NotServed, _not_served
from producers.simulator.sending.to_file import sent
from producers.simulator.world import HOUR_MS, Rates, World
from tests.naive_calendar import ruled
from tests.producers.simulator.simulated import event, registry
from tests.streams.plant import Plant

KITCHENS: Final = 8
FIRST: Final = iso_to_day("2027-03-05")
FRIDAY, SATURDAY, SUNDAY, MONDAY, TUESDAY, IDULFITRI, SECOND_DAY, EXAM, LAST = range(
    FIRST, FIRST + 9
)
FASTING: Final = (FRIDAY, SATURDAY, MONDAY, TUESDAY)
SERVED: Final = (*FASTING, SECOND_DAY, EXAM, LAST)
SMALL_GROUPS: Final = ("bumil", "busui", "balita")
EXAMS: Final = 30


def _week() -> RegionRegistry:
    whole = registry().region("32.11")
    view = registry().view("32.11", FIRST)
    kitchens = sorted(one for one in view.recipients_of if one.startswith("SPPG"))[-KITCHENS:]
    fed = tuple(one for one in view.recipients.values() if one.unit_id in kitchens)
    clinics = [one for one in view.units.values() if one.kind == "clinic"][:3]
    schools = [one.recipient_id for one in fed if one.kind == "school"]
    return RegionRegistry(
        msgspec.structs.replace(
            whole,
            holidays=(IDULFITRI, SECOND_DAY),
            holiday_names=("Idulfitri", "Idulfitri hari kedua"),
        ),
        (*(view.units[one] for one in kitchens), *clinics),
        fed,
        (
            *(
                CalendarRow(SATURDAY, SATURDAY, one, (), False, "lima hari sekolah")
                for one in schools[::4]
            ),
            CalendarRow(SECOND_DAY, SECOND_DAY, "", SMALL_GROUPS, True, "3B tetap dilayani"),
            *(CalendarRow(EXAM, EXAM, one, (), False, "ujian") for one in schools[:EXAMS]),
        ),
    )


class Evening:
    """What the wall has at 16:00 of a day."""

    def __init__(self, rows: Mapping[str, Any], not_served: list[NotServed]) -> None:
        self.rows = dict(rows)
        self.not_served = not_served

    def row(self, key: str) -> Any:
        return self.rows[f"32.11|{key}/1d"]

    def of(self, topic: str, level: str) -> Iterator[Any]:
        head = f"32.11|{topic}/{level}/"
        return (
            row for key, row in self.rows.items() if key.startswith(head) and key.endswith("/1d")
        )


@cache
def week() -> tuple[RegionRegistry, dict[int, Evening]]:
    """The registry, and the evening of each day."""
    region = _week()
    index = Registry([region])
    world = World(index, "32.11", 1, Rates(1800, 3600))
    kinds = {one.unit_id: one.kind for one in region.units}
    plant = Plant(1)
    plant.registries(world.midnight_ms(FIRST), [region])
    evenings: dict[int, Evening] = {}
    posts = sent(world, FIRST, LAST - FIRST + 1)
    ahead = next(posts)
    for day in range(FIRST, LAST + 1):
        evening_ms = world.midnight_ms(day) + 16 * HOUR_MS
        while ahead.due_ms < evening_ms:
            topic = TOPIC_OF_KIND[kinds.get(ahead.unit_id, "recipient")]
            stamp = f',"receivedtime":"{world.text(ahead.due_ms)}"}}'.encode()
            value = b"\n".join(one.line[:-1] + stamp for one in ahead.events)
            place = topic, partition_of(ahead.unit_id, 1)
            plant.append(place, ahead.due_ms + 100, value)
            ahead = next(posts, ahead._replace(due_ms=evening_ms + DAY_MS * 9))
        plant.tick(evening_ms)
        plant.finish()
        evenings[day] = Evening(plant.live, _not_served(index.service("32.11", day)))
    return region, evenings


def test_every_target_is_that_of_who_is_served() -> None:
    region, evenings = week()
    for day, evening in evenings.items():
        by_group: Counter[str] = Counter()
        for one in region.recipients:
            served = {
                g: n for g, n in one.registered.items() if n and ruled(region, one, g, day)[0]
            }
            by_group.update(served)
            row = evening.row(f"coverage/recipient/{one.recipient_id}/all")
            assert row["target"] == sum(served.values()), (day - FIRST, one.recipient_id)
        assert evening.row("performance/kabupaten/32.11")["portions_target"] == by_group.total()
        for group in ("sd", "santri", "balita"):
            row = evening.row(f"coverage/kabupaten/32.11/{group}")
            assert row["target"] == by_group[group], (day - FIRST, group)
    assert {
        day
        for day in evenings
        if evenings[day].row("performance/kabupaten/32.11")["portions_target"]
    } == {*SERVED}


def test_a_day_of_service_goes_as_it_should_and_a_day_off_is_quiet() -> None:
    _, evenings = week()
    for day, evening in evenings.items():
        row = evening.row("performance/kabupaten/32.11")
        said = evening.row("reception/kabupaten/32.11")
        if day not in SERVED:
            assert (row["portions_cooked"], row["deliveries"], said["reporting"]) == (0, 0, 0)
            continue
        target = row["portions_target"]
        assert 0.9 * target < row["portions_received"] <= 1.05 * target, day - FIRST
        assert row["deliveries_on_time"] > 0.85 * row["deliveries"], day - FIRST
        assert 0.6 * target < said["portions_confirmed"] < target
        kitchens = [
            one["portions_received"] / one["portions_target"]
            for one in evening.of("performance", "unit")
            if one["portions_target"]
        ]
        assert min(kitchens) > 0.7, (day - FIRST, kitchens)


def test_food_that_is_taken_home_is_not_called_old() -> None:
    _, evenings = week()
    for day in SERVED:
        row = evenings[day].row("performance/kabupaten/32.11")
        assert row["deliveries_over_6h"] == 0
        assert row["deliveries_over_4h"] < 0.2 * row["deliveries"]
        # Before the holiday all is packed, so nothing has minutes from cooking to receipt.
        assert (row["cook_to_receive_max_min"] is None) == (day == TUESDAY)


def test_a_school_that_is_not_served_says_nothing_and_is_named_with_its_reason() -> None:
    region, evenings = week()
    for day, evening in evenings.items():
        off = {
            one.recipient_id
            for one in region.recipients
            if not any(
                ruled(region, one, group, day)[0] for group, n in one.registered.items() if n
            )
        }
        for one in off:
            assert evening.row(f"reception/recipient/{one}")["events"] == 0
        assert sum(one.recipients for one in evening.not_served if one.whole) == len(off)
    reasons = {day: {one.reason for one in evenings[day].not_served} for day in evenings}
    assert reasons[SATURDAY] == {"lima hari sekolah"} and reasons[SUNDAY] == {""}
    assert reasons[IDULFITRI] == {"Idulfitri"} and reasons[SECOND_DAY] == {"Idulfitri hari kedua"}
    [exam] = evenings[EXAM].not_served
    assert (exam.reason, exam.kind, exam.recipients) == ("ujian", "school", EXAMS)
    assert reasons[MONDAY] == reasons[LAST] == set()


@pytest.mark.parametrize(
    ("day", "packages"),
    [
        (FRIDAY, {("pupils", "dry"), ("small", "fresh")}),
        (TUESDAY, {("pupils", "dry"), ("pupils", "bundle"), ("small", "fresh"), ("small", "dry")}),
        (SECOND_DAY, {("small", "fresh")}),
        (EXAM, {("pupils", "fresh"), ("small", "fresh")}),
    ],
)
def test_packs_are_those_of_the_day(day: int, packages: set[tuple[str, str]]) -> None:
    region, _ = week()
    kinds = {one.recipient_id: one.kind for one in region.recipients}
    world = World(Registry([region]), "32.11", 1, Rates(0, 0))
    found = {
        (
            "small" if kinds[read.subject or ""] == "posyandu" else "pupils",
            read.data.package or "fresh",
        )
        for post in sent(world, day, 1)
        for entry in post.events
        if isinstance(read := event(entry), DeliveryReceived)
    }
    assert found == packages - ({("small", "fresh")} if day == TUESDAY else set())

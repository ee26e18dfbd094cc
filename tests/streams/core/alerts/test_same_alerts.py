"""Alerts depend on what was received and when, on nothing else: not on batches, flushes, the order of partitions, how much is
done at once, or who took over in between.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.commands import Acknowledge
from contracts.time.instant import epoch_ms
from streams.core.alerts.alert_stage import AT_MOST
from tests.examples import KITCHEN, SCHOOL
from tests.registry_small import SECOND_KITCHEN
from tests.streams.alert_day import AlertDay, at

DELIVERY = "sppg.delivery.received"
_SECOND = f"/32.11/sppg/{SECOND_KITCHEN}"
CHOICES: list[tuple[str, dict[str, Any]]] = [
    (DELIVERY, {"subject": SCHOOL, "portions": 100, "package": "dry", "cooked_at": ...}),
    (DELIVERY, {"subject": SCHOOL, "portions": 220, "cooked_at": "2026-11-24T03:00:00+07:00"}),
    (DELIVERY, {"subject": "npsn:20208124", "source": _SECOND, "cooked_at": "2026-11-24T02:00:00+07:00"}),
    ("sppg.cooking.finished", {"portions": 2000}),
    ("sppg.cooking.finished", {"source": _SECOND, "portions": 1600}),
    ("sppg.dispatch.departed", {}),
    ("sppg.food.tested", {"passed": False}),
    ("sppg.ingredient.received", {"made_at": "2026-11-22T04:00:00+07:00"}),
    ("sppg.temperature.measured", {"temp_c": 3.0}),
    ("sppg.temperature.measured", {"temp_c": 11.0}),
    ("recipient.delivery.checked", {}),
    ("recipient.service.declined", {"groups": [], "reason": "trip"}),
    ("recipient.attendance.reported", {"present": {"sd": 200}, "absent_ill": 70}),
    ("recipient.illness.noticed", {"ill": 9, "since": "2026-11-24T03:30:00+07:00"}),
    ("clinic.cases.counted", {"subject": SCHOOL, "cases": 6, "inpatients": 0, "since": "2026-11-24T03:30:00+07:00"}),
    ("unit.heartbeat", {}),
    ("unit.heartbeat", {"source": _SECOND}),
]  # fmt: skip
HOURS = 8
events = st.lists(
    st.tuples(
        st.integers(0, HOURS * 60),  # received so many minutes after 04:00
        st.integers(0, 90),  # minutes that it is late
        st.sampled_from(CHOICES),
        st.integers(-1, 12),  # the event that it corrects, if it is of this type
    ),
    max_size=40,
)


def clock(minute: int) -> str:
    return f"{4 + minute // 60:02}:{minute % 60:02}"


def day_of(
    drawn: list[tuple[int, int, tuple[str, dict[str, Any]], int]], at_most: int = AT_MOST
) -> AlertDay:
    day = AlertDay(at_most=at_most)
    sent: list[tuple[str, str, str]] = []
    for received, late, (type_, fields), corrected in drawn:
        more = dict(fields)
        source = str(more.get("source", ""))
        if 0 <= corrected < len(sent) and sent[corrected][:2] == (type_, source):
            more["supersedes"] = sent[corrected][2]
            if corrected % 3 == 0 and type_.startswith("sppg."):
                more = {name: more[name] for name in ("supersedes", "source") if name in more}
                day.post(clock(received), "event.retracted", **more, reason="salah")
                continue
        happened = max(received - late, 0)
        identity = day.post(clock(happened), type_, clock(received), **more)
        sent.append((type_, source, identity))
    day.sort()
    # Nobody's clock stands still: ticks come every half hour.
    for minute in range(30, (HOURS + 2) * 60, 30):
        day.plant.tick(at("04:00") + minute * 60_000)
    day.sort()
    return day


def disturbed(day: AlertDay, chance: random.Random) -> None:
    """Applies all in small steps, in any order of the partitions, with crashes."""
    plant = day.plant
    places = list(plant.places)
    while any(log.applied < len(log.records) for log in plant.logs.values()):
        place = chance.choice(places)
        what = chance.random()
        if what < 0.6:
            plant.step(place, chance.randint(1, 6))
        elif what < 0.8:
            plant.flush(place)
        elif what < 0.85:
            plant.crash(place)
        elif what < 0.95:
            plant.step_region(chance.randint(1, 5))
            if chance.random() < 0.7:
                plant.flush_region()
        else:
            plant.crash_region()
    plant.finish()


def rows(day: AlertDay) -> list[dict[str, Any]]:
    return day.plant.tables["alert_changes"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(events, st.integers(0, 10_000), st.sampled_from((1, 2, 7, AT_MOST)))
def test_however_the_log_is_read_the_alerts_are_the_same(
    drawn: list[tuple[int, int, tuple[str, dict[str, Any]], int]], seed: int, at_most: int
) -> None:
    plain, other = day_of(drawn), day_of(drawn, at_most)
    plain.work()
    disturbed(other, random.Random(seed))
    assert rows(other) == rows(plain)
    shown = {key: row for key, row in plain.plant.live.items() if row["topic"] == "alerts"}
    assert {key for key, row in other.plant.live.items() if row["topic"] == "alerts"} == set(shown)


def test_such_a_day_has_alerts_of_most_kinds() -> None:
    """The law above is about something."""
    in_order = enumerate(reversed(CHOICES))
    drawn = [(190 + 18 * number, 5, choice, -1) for number, choice in in_order]
    drawn += [(440, 0, CHOICES[3], -1), (450, 0, CHOICES[9], -1), (470, 0, CHOICES[9], -1)]
    day = day_of(drawn)
    day.work()
    kinds = {row["kind"] for row in rows(day)}
    assert kinds >= {
        *("delivery_late", "over_4h", "unsafe_batch", "over_capacity", "temperature"),
        *("unit_silent", "old_food", "food_refused", "certificate", "illness_reported"),
    }


def test_a_wall_is_as_old_as_its_alerts_while_many_are_due() -> None:
    """As when a log is read anew: one tick makes hours of events happen, and a worker must not stand still for them."""
    plain, day = AlertDay(), AlertDay(at_most=5)
    for one in (plain, day):
        for minute in range(240):
            one.post(clock(minute), "sppg.temperature.measured", temp_c=11.0)
        one.plant.tick(at("08:30"))
    plain.work()
    for place in day.plant.places:
        day.plant.step(place, 1_000)
        day.plant.flush(place)
    day.plant.step_region()
    before, shown = "", []
    while day.plant.flush_region():
        as_of = day.plant.heads[-1]["as_of"]
        shown.append(as_of)
        assert before < as_of < "2026-11-24T01:28:00Z"
        assert all(row["updated_at"] < as_of for row in rows(day))
        before = as_of
    assert epoch_ms(shown[0]) < at("04:10"), "five a flush"
    assert len(shown) >= 40
    assert day.plant.heads[-1]["as_of"] == "2026-11-24T01:28:00Z"
    assert rows(day) == rows(plain)


def test_events_that_concern_thousands_of_others_are_done_in_smaller_parts() -> None:
    """As where a kitchen's device gives all its trips one batch: each of them is compared with all."""
    day = AlertDay(at_most=200)
    trips = 1_200
    for number in range(trips):
        day.post(clock(number // 10), DELIVERY, cooked_at="2026-11-23T22:00:00+07:00")
    day.plant.tick(at("08:30"))
    for place in day.plant.places:
        day.plant.step(place, trips + 10)
        day.plant.flush(place)
    day.plant.step_region()
    flushes = 1
    while day.plant.flush_region():
        flushes += 1
    assert flushes > 2 * trips // 200


def test_what_was_said_is_not_lost_over_a_crash() -> None:
    day = AlertDay()
    day.alive(KITCHEN, "04:00", "08:00")
    day.pass_to("08:30")
    (row,) = day.history("unit_silent", KITCHEN)
    said = Acknowledge(
        id="c", region="32.11", alert_id=row["id"], by="dewi", note="", until_ms=None
    )
    day.command("08:31", said)
    day.crash()
    day.pass_to("09:00")
    assert day.history("unit_silent", KITCHEN)[-1]["state"] == "acknowledged"

"""Stage two where unit agents are apart: one that is behind, one that has not spoken."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec
import pytest

from contracts.events.partition import partition_of
from contracts.results.topics import SPPG_EVENTS
from contracts.time.instant import rfc3339
from streams.core.region_stage.region_state import region_seed
from streams.core.unit_stage.unit_state import unit_seed
from tests.examples import KITCHEN, SCHOOL, event
from tests.registry_small import OTHER, OTHER_REGION, SMALL, unit
from tests.streams.plant import Plant

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00
NEW_KITCHEN = "SPPG-3211-0099"


def meal(unit_id: str = KITCHEN) -> bytes:
    return json.dumps(event("sppg.cooking.finished", source=f"/32.11/sppg/{unit_id}")).encode()


def test_rows_wait_for_the_last_unit_agent_also_over_a_crash() -> None:
    """One agent has spoken, the region agent dies, then the others speak: the rows are there."""
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])
    plant.append((SPPG_EVENTS, 0), AT, meal())
    plant.tick(AT + 1_200_000)
    kitchens = plant.places[0]
    plant.step(kitchens, 9)
    plant.flush(kitchens)
    plant.step_region()
    plant.flush_region()
    assert not [key for key in plant.rows if key[1] == "kabupaten"]
    assert not plant.heads
    plant.crash_region()
    for place in plant.places:
        plant.step(place, 9)
        plant.flush(place)
    plant.step_region()
    plant.flush_region()
    ends = [
        key[5] for key in plant.rows if key[:3] == ("performance", "kabupaten", "32.11")
        and key[4] == "15m" and plant.rows[key]["portions_cooked"] == 1200
    ]  # fmt: skip
    assert sorted(ends) == ["2026-11-24T03:20:00Z", "2026-11-24T03:25:00Z", "2026-11-24T03:30:00Z"]
    # The unit's rows were told once, before the crash.
    row = plant.live[f"32.11|performance/unit/{KITCHEN}/1d"]
    assert row["portions_cooked"] == 1200
    assert plant.live[f"32.11|{KITCHEN}"]["topic"] == "freshness"
    assert {row["as_of"] for row in plant.live.values()} == {plant.heads[-1]["as_of"]}


def test_an_agent_that_is_behind_does_not_bring_back_an_old_registry() -> None:
    """Clinics' agent still sends the registry without the new kitchen; the kitchen's numbers are already there."""
    newer = msgspec.structs.replace(SMALL, units=(*SMALL.units, unit(NEW_KITCHEN)))
    plant = Plant(1)
    kitchens, clinics, _ = plant.places
    assert partition_of(NEW_KITCHEN, 1) == 0
    plant.registries(AT - 3_600_000, [SMALL])
    plant.registries(AT - 1_800_000, [newer])
    plant.append(kitchens, AT, meal(NEW_KITCHEN))
    plant.tick(AT + 1_000)
    plant.step(kitchens, 2)
    plant.flush(kitchens)
    plant.step(clinics, 1)
    plant.flush(clinics)
    plant.step(kitchens, 9)
    plant.flush(kitchens)
    plant.step_region()
    plant.flush_region()
    plant.finish()
    row = plant.rows[
        "performance", "kecamatan", "32.11.08", "", "1d", "2026-11-24T17:00:00Z"
    ]  # fmt: skip
    assert row["portions_cooked"] == 1200


def test_of_two_changes_in_one_record_the_last_status_is_sent() -> None:
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])
    kinds = [
        event("sppg.cooking.finished", id="a"),
        event("sppg.cooking.finished", id="b", supersedes="a"),
        event("sppg.cooking.finished", id="c", supersedes="b"),
    ]
    plant.append((SPPG_EVENTS, 0), AT, b"\n".join(json.dumps(one).encode() for one in kinds))
    plant.finish()
    assert len(plant.tables["event_status"]) == 2
    assert {row["id"]: row["superseded_by"] for row in plant.tables["event_status"]} == {
        "a": "c",
        "b": "c",
    }


def _replayed(flushes: int) -> dict[Any, Any]:
    """Rows of three days, flushed after each record or once at the end."""
    plant = Plant(1)
    plant.registries(AT, [SMALL])
    for hour in range(1, 73):
        plant.tick(AT + hour * 3_600_000)
        if hour == 40:
            plant.append((SPPG_EVENTS, 0), AT + hour * 3_600_000, meal())
    for _ in range(flushes):
        for place in plant.places:
            plant.step(place)
            plant.flush(place)
        plant.step_region()
        plant.flush_region()
    plant.finish()
    return plant.rows


def test_rows_in_silence_do_not_depend_on_when_the_log_is_flushed() -> None:
    """Days lie between two flushes when it is read anew: areas had no rows for those before the first one."""
    at_once, one_by_one = _replayed(0), _replayed(74)
    assert at_once.keys() == one_by_one.keys()
    assert at_once == one_by_one
    days = {key[5] for key in at_once if key[:2] == ("performance", "kabupaten") and key[4] == "1d"}
    assert len(days) == 4


def test_a_fold_that_is_given_the_registry_goes_on_from_there() -> None:
    """The log no longer begins with the registry's record: it comes as state."""
    plant = Plant(1)
    for place in plant.places:
        plant.state[place] = unit_seed([SMALL], AT)
        plant.crash(place)
    plant.region_state = region_seed([SMALL], AT)
    plant.crash_region()
    plant.append((SPPG_EVENTS, 0), AT + 3_600_000, meal())
    plant.tick(AT + 86_400_000)
    plant.finish()
    rows = [key for key in plant.rows if key[:2] == ("performance", "kabupaten") and key[4] == "1d"]
    assert {key[5] for key in rows} == {"2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z"}
    assert sum(plant.rows[key]["portions_cooked"] for key in rows) == 1200
    assert not plant.tables["dead_letters"]


def test_the_rows_of_a_new_region_do_not_wait() -> None:
    plant = Plant(1)
    plant.registries(AT, [SMALL])
    plant.finish()
    plant.registries(AT, [OTHER])
    for place in plant.places:
        plant.step(place)
        plant.flush(place, with_rows=False)
    plant.step_region()
    plant.flush_region(with_rows=False)
    assert any(key[:3] == ("performance", "kabupaten", OTHER_REGION) for key in plant.rows)


def test_a_group_that_changed_in_an_older_window_has_one_revision_on_the_wall_and_in_the_tables() -> (
    None
):
    """The tables get its rows in all windows of its area that changed since, though another group changed in them."""
    plant = Plant(1)
    kitchens = plant.places[0]
    plant.registries(AT - 86_400_000, [SMALL])
    meals = [
        ("sd", 0, True),
        ("guru", 0, True),
        ("sd", 7_200_000, False),
        ("guru", 0, False),
        ("guru", 0, True),
    ]
    for number, (group, before_ms, with_rows) in enumerate(meals):
        served = event(
            "sppg.meal.eaten",
            id=str(number),
            time=rfc3339(AT - before_ms),
            data={"eaten": {group: number + 1}},
        )
        plant.append(kitchens, AT + number * 1_000, json.dumps(served).encode())
        plant.tick(AT + number * 1_000)
        for place in plant.places:
            plant.step(place, 9)
            plant.flush(place, with_rows)
        plant.step_region()
        plant.flush_region(with_rows)
    rows = [row for row in plant.live.values() if row["topic"] == "coverage"]
    assert {row["window"] for row in rows} == {"15m", "1h", "1d", "7d", "30d"}
    for row in rows:
        key = (
            "coverage",
            row["level"],
            row["area_id"],
            row["group"],
            row["window"],
            row["window_end"],
        )
        assert row["revision"] == plant.revisions[key], key


class SeveralDays(NamedTuple):
    """A source with an event that is reported twice, and the column that counts it. `half_ms`: of its rows' time to live is over."""

    area: str
    place: int
    type: str
    topic: str
    column: str
    half_ms: int

    def on(self, plant: Plant, area: str) -> set[tuple[int, str]]:
        """The column and as_of of the area's rows of 7 and 30 days on the wall."""
        return {
            (row[self.column], row["as_of"])
            for row in plant.live.values()
            if row["topic"] == self.topic
            and row["area_id"] == area
            and row["window"] in ("7d", "30d")
        }

    def report(self, plant: Plant, identity: str) -> None:
        value = json.dumps(event(self.type) | {"id": identity}).encode()
        plant.append(plant.places[self.place], AT, value)


COOKED = SeveralDays(KITCHEN, 0, "sppg.cooking.finished", "performance", "portions_cooked", 900_000)
CHECKED = SeveralDays(
    SCHOOL, 2, "recipient.delivery.checked", "reception", "checks", 10_800_000
)  # fmt: skip


@pytest.mark.parametrize("source", [COOKED, CHECKED])
def test_rows_of_several_days_come_with_the_rows_and_are_not_confirmed_before(
    source: SeveralDays,
) -> None:
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])
    source.report(plant, "first")
    plant.tick(AT)
    plant.finish()
    areas = (source.area, "32.11")
    before = {area: source.on(plant, area) for area in areas}
    ((once, _),) = before[source.area]

    def flush(at: int, units_rows: bool, region_rows: bool) -> None:
        plant.tick(at)
        for place in plant.places:
            plant.step(place, 9)
            plant.flush(place, units_rows)
        plant.step_region()
        plant.flush_region(region_rows)

    def confirmed() -> set[tuple[int, str]]:
        return {(2 * once, plant.heads[-1]["as_of"])}

    source.report(plant, "second")
    half = AT + source.half_ms
    flush(half, units_rows=False, region_rows=False)
    assert {area: source.on(plant, area) for area in areas} == before
    flush(half + 1_000, units_rows=False, region_rows=True)
    assert source.on(plant, source.area) == before[source.area], "true up to their as_of"
    assert source.on(plant, "32.11") == confirmed()
    plant.crash_region()
    flush(half + 2_000, units_rows=False, region_rows=True)
    assert source.on(plant, source.area) == before[source.area], "also over a crash"
    flush(half + 3_000, units_rows=True, region_rows=True)
    assert source.on(plant, source.area) == confirmed()
    flush(half + 4_000 + source.half_ms, units_rows=True, region_rows=True)
    assert source.on(plant, source.area) == confirmed(), "though nothing changed"


def _late_meal(is_restored: bool) -> Plant:
    """Two meals eaten within an hour, five hours later one between them; the region's owner changes before it, or does not."""
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])

    def eaten(minutes: int, received_ms: int) -> None:
        time, received = rfc3339(AT - minutes * 60_000), rfc3339(received_ms)
        one = event("sppg.meal.eaten", id=f"m{minutes}", time=time, receivedtime=received)
        plant.append((SPPG_EVENTS, 0), received_ms, json.dumps(one).encode())
        plant.tick(received_ms + 1_000)
        plant.finish()

    eaten(40, AT)
    eaten(5, AT + 1_000)
    later = AT + 5 * 3_600_000
    plant.tick(later)
    plant.finish()
    if is_restored:
        plant.crash_region()
    eaten(20, later + 1_000)
    return plant


def test_a_late_event_after_a_take_over_changes_rows_that_hold_panes_of_before_it() -> None:
    """Their sums are not made at a take-over, but when such an event comes."""
    restored, other = _late_meal(True), _late_meal(False)
    portions = {
        row["portions_eaten"]
        for key, row in restored.rows.items()
        if key[:2] == ("performance", "kabupaten") and key[4] == "1h"
    }
    assert len(portions) == 3 and max(portions) == 3 * min(portions)
    assert restored.rows == other.rows
    assert restored.live == other.live
    assert restored.tables == other.tables

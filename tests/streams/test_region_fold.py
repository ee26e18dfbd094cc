"""Stage two where unit agents are apart: one that is behind, one that has not spoken."""

from __future__ import annotations

import json

import msgspec

from contracts.partition import partition_of
from contracts.topics import SPPG_EVENTS
from tests.examples import KITCHEN, event
from tests.registry_small import SMALL, unit
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
    kitchens, clinics = plant.places
    plant.step(kitchens, 9)
    plant.flush(kitchens)
    plant.step_region()
    plant.flush_region()
    assert not [key for key in plant.rows if key[1] == "kabupaten"]
    assert not plant.heads
    plant.crash_region()
    plant.step(clinics, 9)
    plant.flush(clinics)
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
    kitchens, clinics = plant.places
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

"""What one source may send within its limits makes no record that Kafka refuses: a flush that fails is tried again for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.results.topics import CLINIC_EVENTS, REGION_STATE, SPPG_EVENTS, UNIT_STATE
from contracts.time.instant import rfc3339
from tests.examples import event
from tests.registry_small import SMALL
from tests.streams.plant import LIMITS, SLACK, Plant

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00


def identity(number: int) -> str:
    """Of the greatest length, in bytes too."""
    return "\U0001f35a" * 94 + f"{number:06}"


def readings() -> Iterator[dict[str, Any]]:
    """A freezer that is broken for a day, of a sensor that reports every seven seconds."""
    for number in range(12_000):
        data = {"point": "freezer", "temp_c": 9.0, "sensor": "1"}
        yield event("sppg.temperature.measured", id=identity(number), data=data) | {
            "time": rfc3339(AT - 86_000_000 + number * 7_000)
        }


def trips() -> Iterator[dict[str, Any]]:
    """A batch that failed its test and left on thousands of trips."""
    about = {"batch": "B1", "passed": False}
    yield event("sppg.food.tested", id="t", time=rfc3339(AT), data=about)
    for number in range(3_000):
        yield event(
            "sppg.dispatch.departed",
            id=identity(number),
            time=rfc3339(AT),
            data={"trip": identity(number), "batches": ["B1"]},
        )


def children() -> Iterator[dict[str, Any]]:
    """A clinic that reports thousands of children as measured in the same five minutes."""
    for number in range(6_000):
        yield event(
            "clinic.growth.measured",
            id=identity(number),
            time=rfc3339(AT),
            data={"child": f"{number:032x}"},
        )


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("topic", "flood"),
    [(SPPG_EVENTS, readings), (SPPG_EVENTS, trips), (CLINIC_EVENTS, children)],
)
def test_a_flood_of_one_source_makes_no_record_that_kafka_refuses(
    topic: str, flood: Callable[[], Iterator[dict[str, Any]]]
) -> None:
    plant = Plant(1)
    plant.registries(AT - 3_600_000, [SMALL])
    lines = [json.dumps(one, ensure_ascii=False).encode() for one in flood()]
    for at in range(0, len(lines), 1_000):
        plant.append((topic, 0), AT, b"\n".join(lines[at : at + 1_000]))
    plant.tick(AT + 600_000)
    plant.finish()
    assert not plant.tables["dead_letters"]
    states = [(UNIT_STATE[place[0]], state) for place, state in plant.state.items()]
    for name, state in (*states, (REGION_STATE, plant.region_state)):
        largest = max(state.items(), key=lambda item: len(item[1]))
        assert len(largest[0]) + len(largest[1]) + SLACK <= LIMITS[name], largest[0][:80]

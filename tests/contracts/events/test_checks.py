"""What only the registry and the time can judge of an event, each with its code; the limits are inside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.events.checks import check
from contracts.events.codes import Code
from contracts.events.event_types import TYPES
from tests.contracts.events.example_registry import ExampleRegistry
from tests.contracts.events.test_decode import REFUSED, accepted
from tests.examples import (
    CLINIC,
    KITCHEN,
    REGION,
    SCHOOL,
    TIME,
    TIME_MS,
    event,
    line,
)

COOKED, DELIVERED, EATEN = "sppg.cooking.finished", "sppg.delivery.received", "sppg.meal.eaten"
GROWTH, CASE = "clinic.growth.measured", "clinic.case.reported"
INGREDIENT, COUNTED = "sppg.ingredient.received", "clinic.cases.counted"
CHECKED_DELIVERY, ILLNESS = "recipient.delivery.checked", "recipient.illness.noticed"
BEAT, RETRACTED = "unit.heartbeat", "event.retracted"
MINUTE, DAY = 60_000, 86_400_000


CHECKED: list[tuple[Code, dict[str, Any], int]] = [
    (Code.IN_FUTURE, event(COOKED), TIME_MS - 5 * MINUTE - 1),
    (Code.TOO_OLD, event(COOKED), TIME_MS + 30 * DAY + 1),
    (Code.UNKNOWN_UNIT, event(COOKED, source=f"/{REGION}/sppg/X"), TIME_MS),
    (Code.UNKNOWN_UNIT, event(COOKED, source=f"/32.08/sppg/{KITCHEN}"), TIME_MS),
    (Code.UNKNOWN_UNIT, event(COOKED, time="2026-09-30T23:59:59+07:00"), TIME_MS - 50 * DAY),
    (Code.WRONG_KIND, event(COOKED, source=f"/{REGION}/clinic/{CLINIC}"), TIME_MS),
    (Code.WRONG_KIND, event(COOKED, source=f"/{REGION}/sppg/{CLINIC}"), TIME_MS),
    (Code.WRONG_KIND, event(GROWTH, source=f"/{REGION}/sppg/{KITCHEN}"), TIME_MS),
    (Code.WRONG_KIND, event(BEAT, source=f"/{REGION}/clinic/{KITCHEN}"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(EATEN, subject="npsn:2"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(EATEN, subject="npsn:1"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(CASE, subject="npsn:2"), TIME_MS),
    (Code.SELF_SUPERSEDING, event(COOKED, id="a", supersedes="a"), TIME_MS),
    (
        Code.COOKED_AT_AFTER_TIME,
        event(DELIVERED, data={"cooked_at": "2026-11-24T10:15:30.121+07:00"}),
        TIME_MS,
    ),
    (
        Code.COOKED_AT_TOO_EARLY,
        event(DELIVERED, data={"cooked_at": "2026-10-25T10:15:30.119+07:00"}),
        TIME_MS,
    ),
    (Code.NO_OFFSET, event(DELIVERED, data={"cooked_at": "2026-11-24T10:15:30"}), TIME_MS),
    (Code.NOT_RFC3339, event(CASE, data={"ate_at": "kemarin"}), TIME_MS),
    (Code.ONSET_AFTER_TIME, event(CASE, data={"onset": "2026-11-24T10:15:31+07:00"}), TIME_MS),
    (Code.MISSING_FIELD, event(DELIVERED, data={"cooked_at": ...}), TIME_MS),
    (Code.MISSING_FIELD, event(DELIVERED, data={"cooked_at": ..., "package": ...}), TIME_MS),
    (
        Code.MADE_AT_AFTER_TIME,
        event(INGREDIENT, data={"made_at": "2026-11-24T10:15:31+07:00"}),
        TIME_MS,
    ),
    (Code.NO_OFFSET, event(INGREDIENT, data={"made_at": "2026-11-24T10:15:30"}), TIME_MS),
    (Code.SINCE_AFTER_TIME, event(ILLNESS, data={"since": "2026-11-24T10:15:31+07:00"}), TIME_MS),
    (Code.SINCE_AFTER_TIME, event(COUNTED, data={"since": "2026-11-24T10:15:31+07:00"}), TIME_MS),
    (Code.UNKNOWN_UNIT, event(CHECKED_DELIVERY, data={"kitchen": "SPPG-9"}), TIME_MS),
    (Code.WRONG_KIND, event(CHECKED_DELIVERY, data={"kitchen": CLINIC}), TIME_MS),
    (Code.WRONG_KIND, event(CHECKED_DELIVERY, source=f"/{REGION}/sppg/{KITCHEN}"), TIME_MS),
    (Code.WRONG_KIND, event(COOKED, source=f"/{REGION}/recipient/{SCHOOL}"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(ILLNESS, source=f"/{REGION}/recipient/npsn:2"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(ILLNESS, source=f"/{REGION}/recipient/npsn:1"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(BEAT, source="/11.01/recipient/npsn:2"), TIME_MS),
    (Code.UNKNOWN_RECIPIENT, event(COUNTED, subject="npsn:2"), TIME_MS),
    (Code.ATE_AT_AFTER_ONSET, event(CASE, data={"ate_at": "2026-11-24T09:00:31+07:00"}), TIME_MS),
]


@pytest.mark.parametrize(("code", "made", "received_ms"), CHECKED)
def test_checked_with_its_code(code: Code, made: dict[str, Any], received_ms: int) -> None:
    refusal = check(accepted(json.dumps(made).encode()), ExampleRegistry(), received_ms)
    assert refusal is not None
    assert (refusal.code, refusal.id, refusal.source) == (code, made["id"], made["source"])


@pytest.mark.parametrize("received_ms", [TIME_MS - 5 * MINUTE, TIME_MS + 30 * DAY])
def test_the_limits_of_time_are_inside(received_ms: int) -> None:
    assert check(accepted(line(COOKED)), ExampleRegistry(), received_ms) is None


@pytest.mark.parametrize("cooked_at", [TIME, "2026-10-25T10:15:30.120+07:00"])
def test_the_limits_of_cooked_at_are_inside(cooked_at: str) -> None:
    assert (
        check(accepted(line(DELIVERED, data={"cooked_at": cooked_at})), ExampleRegistry(), TIME_MS)
        is None
    )


@pytest.mark.parametrize("package", ["dry", "bundle"])
def test_food_that_is_not_fresh_may_lack_cooked_at(package: str) -> None:
    made = accepted(line(DELIVERED, data={"package": package, "cooked_at": ...}))
    assert check(made, ExampleRegistry(), TIME_MS) is None


def test_every_source_may_beat_and_retract() -> None:
    for source in {event(type_)["source"] for type_ in TYPES}:
        for type_ in (BEAT, RETRACTED):
            assert check(accepted(line(type_, source=source)), ExampleRegistry(), TIME_MS) is None


def test_all_codes_of_one_event_are_tested_here() -> None:
    elsewhere = {
        Code.FOREIGN_SOURCE,
        Code.WRONG_PARTITION,
        Code.CONFLICT,
        Code.WRONG_CORRECTION,
        Code.MORE_REFUSED,
    }
    assert {code for code, _ in REFUSED} | {code for code, _, _ in CHECKED} == set(Code) - elsewhere

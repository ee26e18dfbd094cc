"""Thousands of patients: one more must not cost more for each that is there times each meal that may be the cause."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from streams.core.alerts.cluster.cluster_verdict import roots
from streams.core.alerts.cluster.evidence.finding_store import FindingStore
from streams.core.alerts.cluster.evidence.findings import PatientSeen
from tests.streams.suspected_world import AS_OF, HOUR, MEAL, PLACES, SCHOOLS, watch

MANY = 1_000
FEW_STEPS = 50
"""A patient that is there: put in order, counted, found among the newest."""


def steps(work: Callable[[], object]) -> int:
    """Lines and calls of Python that some work takes."""
    count = 0

    def trace(_frame: FrameType, _event: str, _arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def seen(number: int, school: str, place: str) -> PatientSeen:
    """One of several clinics, a minute and a half after the one before, some with what they suspect."""
    onset = MEAL + HOUR + number * 90_000
    ate = MEAL if number % 3 == 0 else None
    return PatientSeen(
        f"K{number % 2}", f"c{number}", f"{number:032x}", school, place, onset, onset + HOUR, ate
    )


def one_more(there: int, school: str, place: str) -> int:
    """Steps from one more patient to the new verdicts, with so many there."""
    made = watch(*(seen(number, school, place) for number in range(there)))
    made.verdicts(AS_OF)

    def judge() -> None:
        made.put(seen(there, school, place))
        found = made.verdicts(AS_OF)
        assert any(one.level for one in found)
        roots(found)

    return steps(judge)


@pytest.mark.parametrize(
    ("school", "place"), [("", PLACES[0]), ("", ""), (SCHOOLS[0], PLACES[0])], ids=str
)
def test_each_patient_that_is_there_costs_a_few_steps(school: str, place: str) -> None:
    more = one_more(2 * MANY, school, place) - one_more(MANY, school, place)
    assert more / MANY < FEW_STEPS


def test_each_report_of_one_patient_that_is_there_costs_a_few_steps() -> None:
    def another(there: int) -> int:
        store = FindingStore()
        reports = [
            PatientSeen("K1", f"c{number}", "a" * 32, "", "", number * 73 * HOUR, 0)
            for number in range(there + 1)
        ]
        for one in reports[1:]:
            store.put(one)
        return steps(lambda: store.put(reports[0]))

    assert (another(200) - another(100)) / 100 < FEW_STEPS

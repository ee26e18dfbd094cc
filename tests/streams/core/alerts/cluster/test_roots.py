"""One cause, one alert: which suspicions say again what another one says."""

from __future__ import annotations

import msgspec

from streams.core.alerts.cluster.cluster_verdict import ClusterVerdict, causes_first, roots
from streams.core.alerts.cluster.evidence.events_behind import EventsBehind
from streams.core.alerts.cluster.evidence.findings import BatchCooked, Finding
from tests.streams.suspected_world import (
    AS_OF,
    HOUR,
    KITCHENS,
    MEAL,
    SCHOOLS,
    kitchen_of,
    meal,
    patient,
    patients,
    watch,
)

SCHOOL = SCHOOLS[0]
NAMELESS: list[Finding] = [patient(50 + n, "", 4 + n / 10) for n in range(12)]


def found(*findings: Finding) -> tuple[dict[tuple[str, str], str], set[tuple[str, str]]]:
    """(unit, lot) -> the kitchen with the cause; and all that are suspected."""
    verdicts = watch(*findings).verdicts(AS_OF)
    raised = {(one.unit, one.lot) for one in verdicts if one.level}
    return {key: root.unit for key, root in roots(verdicts).items()}, raised


def lot_of(*kitchens: str) -> list[Finding]:
    return [BatchCooked(one, "k", "b", MEAL - 5 * HOUR, ("TB|ayam-7",)) for one in kitchens]


def test_patients_who_name_no_school_accuse_no_kitchen_beside_one_whose_people_are_ill() -> None:
    root_of, raised = found(*patients(6, SCHOOL, 3), *NAMELESS)
    others = raised - {(kitchen_of(SCHOOL), "")}
    assert others
    assert root_of == dict.fromkeys(others, kitchen_of(SCHOOL))


def test_of_nameless_patients_alone_no_kitchen_is_the_cause_of_another() -> None:
    root_of, raised = found(*NAMELESS)
    assert len(raised) > 1
    assert root_of == {}


def test_a_kitchen_with_people_of_its_own_stands_alone() -> None:
    other = next(one for one in SCHOOLS if kitchen_of(one) != kitchen_of(SCHOOL))
    more = [patient(80 + n, other, 3 + n / 10) for n in range(6)]
    root_of, raised = found(*patients(6, SCHOOL, 3), *more)
    assert {(kitchen_of(SCHOOL), ""), (kitchen_of(other), "")} <= raised
    assert root_of == {}


def test_a_lot_is_no_cause_of_its_own_where_one_kitchens_people_alone_are_ill() -> None:
    meals = [meal(school, batch="b") for school in SCHOOLS[:4]]
    root_of, raised = found(*lot_of(*KITCHENS[:2]), *meals, *patients(6, SCHOOL, 8))
    assert ("", "TB|ayam-7") in raised
    assert root_of == {("", "TB|ayam-7"): KITCHENS[0]}


def test_a_lot_whose_people_ate_of_two_kitchens_is_a_cause() -> None:
    meals = [meal(school, batch="b") for school in SCHOOLS[:4]]
    seen = [patient(number, SCHOOLS[number % 4], 8 + number / 10) for number in range(8)]
    root_of, raised = found(*lot_of(*KITCHENS[:2]), *meals, *seen)
    assert ("", "TB|ayam-7") in raised
    assert ("", "TB|ayam-7") not in root_of


def test_a_cause_that_has_a_cause_stands_before_what_it_is_the_cause_of() -> None:
    verdicts = watch(*patients(6, SCHOOL, 3)).verdicts(AS_OF)
    kitchen = next(one for one in verdicts if one.level and one.unit)

    def like(unit: str, people: int, first: int, last: int) -> ClusterVerdict:
        calls = frozenset((0, "school", str(number)) for number in range(first, last))
        events = EventsBehind({}, calls)
        return msgspec.structs.replace(kitchen, unit=unit, people=people, all_events=events)

    lot = msgspec.structs.replace(like("", 30, 20, 40), lot="TB|ayam-7")
    chain = [lot, like("A", 2, 0, 5), like("B", 8, 2, 12), like("C", 20, 6, 40)]
    assert {key[0]: root.unit for key, root in roots(chain).items()} == {
        "A": "B",
        "B": "C",
        "": "C",
    }
    assert [one.unit for one in causes_first(chain)] == ["C", "B", "A", ""]

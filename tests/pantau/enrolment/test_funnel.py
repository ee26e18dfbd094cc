"""Where a unit stands on the way from a code to reports every week."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.enrolments import CodeMade, CodeUsed, EnrolmentRecord
from contracts.revocations import Revocation, Revocations
from pantau.enrolment.funnel import STAGES, WEEK_MS, FunnelUnit, Heard, counts, funnel
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.registry_small import SECOND_KITCHEN, registry

NOW = 1_795_000_000_000
REAL_NOW = NOW - 9 * 86_400_000
"""The clock of codes: a demo clock is days ahead of it."""
MINUTE = 60_000


def made(sub: str, jti: str = "a", age: int = 1, lives: int = 10) -> CodeMade:
    """`age`, `lives`: minutes."""
    made_ms = REAL_NOW - age * MINUTE
    return CodeMade(sub, jti, made_ms, made_ms + lives * MINUTE)


def used(sub: str, jti: str = "a", age: int = 1) -> CodeUsed:
    return CodeUsed(sub, jti, REAL_NOW - age * MINUTE)


def stands(
    records: list[EnrolmentRecord], heard: dict[str, Heard] | None = None, *void: Revocation
) -> dict[str, FunnelUnit]:
    revoked = Revocations()
    for one in void:
        revoked.add(one)
    found = funnel(registry(), REGION, records, revoked, heard or {}, NOW, REAL_NOW)
    return {one.unit_id: one for one in found}


@pytest.mark.parametrize(
    ("records", "stage"),
    [
        ([], "uninvited"),
        ([made(SCHOOL)], "invited"),
        ([made(SCHOOL, age=20)], "ended"),
        # A sheet's code is still open although that of a visit has ended.
        ([made(SCHOOL, "sheet", 60, 7 * 1440), made(SCHOOL, "visit", 20)], "invited"),
        ([made(SCHOOL), used(SCHOOL)], "enrolled"),
        # The command that made it could not note it.
        ([used(SCHOOL)], "enrolled"),
        ([made(KITCHEN), used(KITCHEN)], "uninvited"),
    ],
)
def test_what_is_noted_of_codes(records: list[EnrolmentRecord], stage: str) -> None:
    assert stands(records)[SCHOOL].stage == stage


@pytest.mark.parametrize(("ago_ms", "stage"), [(WEEK_MS - 1, "this-week"), (WEEK_MS, "silent")])
def test_who_sends_has_come_that_far_whatever_is_known_of_its_codes(
    ago_ms: int, stage: str
) -> None:
    heard = {KITCHEN: Heard(NOW - 30 * WEEK_MS, NOW - ago_ms)}
    known: list[EnrolmentRecord] = [made(KITCHEN), used(KITCHEN)]
    for count in range(3):
        found = stands(known[:count], heard)
        assert found[KITCHEN].stage == stage
        assert counts([*found.values()]).first_event == 1


def test_a_revocation_voids_codes_and_tokens_made_until_then_and_no_later_ones() -> None:
    void = Revocation("device", SCHOOL, REAL_NOW - 5 * MINUTE)
    before: list[EnrolmentRecord] = [made(SCHOOL, age=8, lives=60), made(SCHOOL, "b", age=8, lives=60), used(SCHOOL, age=7)]  # fmt: skip
    assert stands(before)[SCHOOL].stage == "enrolled"
    assert stands(before, {}, void)[SCHOOL].stage == "ended"
    assert stands([*before, made(SCHOOL, "c")], {}, void)[SCHOOL].stage == "invited"
    assert stands([*before, used(SCHOOL, "c")], {}, void)[SCHOOL].stage == "enrolled"
    assert stands(before, {}, Revocation("device", KITCHEN, REAL_NOW))[SCHOOL].stage == "enrolled"


UNITS = (KITCHEN, SECOND_KITCHEN, CLINIC, SCHOOL, "npsn:20208124")
_records = st.lists(
    st.builds(made, st.sampled_from(UNITS), st.sampled_from("ab"), st.integers(0, 30), st.just(10))
    | st.builds(used, st.sampled_from(UNITS), st.sampled_from("ab"), st.integers(0, 30)),
    max_size=12,
)
_heard = st.dictionaries(
    st.sampled_from((*UNITS, "SPPG-UNKNOWN")),
    st.integers(0, 2 * WEEK_MS).map(lambda ago: Heard(NOW - 9 * WEEK_MS, NOW - ago)),
)


@given(_records, _heard, st.randoms(use_true_random=False))
def test_each_unit_stands_in_one_place_whatever_the_order_of_records(
    records: list[EnrolmentRecord], heard: dict[str, Heard], random: st.DataObject
) -> None:
    found = stands(records, heard)
    assert set(found) == set(UNITS)
    again = records + records[:3]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert stands(again, heard) == found
    total = counts([*found.values()])
    by_stage = [getattr(total, stage.replace("-", "_")) for stage in STAGES]
    assert sum(by_stage) == total.units == len(UNITS)
    assert total.first_event == len(set(UNITS) & set(heard))

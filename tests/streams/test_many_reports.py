"""Thousands of reports of which one counts: each must be compared a few times, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams.core.metrics.clinic import ClinicSum
from streams.core.metrics.reception import ReceptionSum

MANY = 1_000


class CountedReport(tuple[Any, ...]):
    """Counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __gt__(self, other: object) -> bool:
        CountedReport.compared += 1
        return isinstance(other, tuple) and tuple(self) > tuple(other)


def add_to_clinic(total: ClinicSum, number: int) -> None:
    report: Any = CountedReport((number, "K1", str(number), 3))
    total.measure("child", {report: 1}, 1)


def add_to_reception(total: ReceptionSum, number: int) -> None:
    report: Any = CountedReport((number, str(number), number, 1))
    total.attend(("npsn:1", 1), {report: 1}, 1)


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize(
    ("kind", "add"), [(ClinicSum, add_to_clinic), (ReceptionSum, add_to_reception)]
)
def test_each_report_is_compared_a_few_times(
    kind: Callable[[], Any], add: Callable[[Any, int], None], falling: bool
) -> None:
    CountedReport.compared = 0
    pane, window = kind(), kind()
    for number in sorted(range(MANY), reverse=falling):
        add(pane, number)
    window.add(pane)
    add(window, MANY)
    window.add(pane, -1)
    assert CountedReport.compared <= 6 * MANY
    if isinstance(window, ReceptionSum):
        assert (window.present, window.absent_ill) == (MANY, 1)
    else:
        assert (window.stunted, window.wasted) == (1, 1)

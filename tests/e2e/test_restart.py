"""Ctrl-C leaves nothing running, and the next start on the same data dir goes on with the same rows."""

from __future__ import annotations

from tests.e2e.day import Day, Kitchen, now
from tests.e2e.installation import Installation
from tests.e2e.rows import until_exact


def test_a_stop_and_a_start_change_no_row(installation: Installation, day: Day) -> None:
    before = until_exact(installation, day.began, 180)
    assert installation.stop() == "", "stdout carries the ready line only"
    installation.start()
    after = until_exact(installation, day.began)
    assert before.keys() <= after.keys()
    unit = day.kitchens[1]
    kitchen = Kitchen(unit, now(), seed=6)
    kitchen.skip(3000)
    installation.post(unit, kitchen.ordinary())
    until_exact(installation, day.began, 180)

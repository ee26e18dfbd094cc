"""`pantau up --simulate`, as `make up` starts it: a day begins and reaches the wall and the analysts.

Begins with "a": it has come and gone before the other files' installation starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.installation import REGION, Installation, run, until


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(tmp_path_factory.mktemp("simulated") / "data", "--simulate")
    try:
        one.start()
        yield one
    finally:
        one.kill()


def kabupaten(installation: Installation) -> dict[str, Any]:
    """The live row of the region's day; empty before its first row."""
    answer = installation.state()
    if answer.status_code == 503:  # ready, and the region's first flush is still on its way
        return {}
    key = f"performance/kabupaten/{REGION}/1d"
    rows = json.loads(answer.content)["rows"]
    return next((row for row in rows if row["key"] == key), {})


def test_a_day_begins_and_reaches_everybody(simulated: Installation) -> None:
    until(lambda: kabupaten(simulated).get("portions_cooked", 0) > 0, 240, 1)
    wall = kabupaten(simulated)
    assert wall["portions_target"] > 300_000, "the day is a service day"

    def stored() -> int:
        (row,) = simulated.query(
            "SELECT sum(data.portions) AS n FROM pantau.events WHERE type = 'sppg.cooking.finished' AND counts = 1"
        )
        return int(row["n"] or 0)  # NULL: the wall may know of an event before the store holds one

    until(lambda: stored() >= wall["portions_cooked"], 60, 1)
    until(lambda: {one["state"] for one in simulated.status()["services"]} == {"siap"}, 120, 1)
    assert simulated.pid_of("simulator") is not None

    assert simulated.stop() == "", "stdout carries the ready line only"
    answer = run("up", "--data-dir", str(simulated.home))
    assert answer.returncode == 1
    assert "holds simulated events on the demo clock" in answer.stderr

"""Whatever dies, at whatever moment: nothing accepted is lost, nothing counts twice, every figure is right."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.chaos import scenario
from tests.chaos.compaction import compact_quickly, marks, until_compacted
from tests.chaos.disturb import SECOND
from tests.chaos.scenario import Chaos

SECONDS = float(os.environ.get("PANTAU_CHAOS_SECONDS", "75"))
"""For how long devices post in a history of `make chaos`."""

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.mark.chaos
def test_a_short_history_survives_all_kills(tmp_path: Path) -> None:
    chaos = scenario.run(tmp_path, seed=0, seconds=30, kitchens=4)
    assert len(chaos.ledger.events) > 200


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_history_survives_all_kills(tmp_path: Path, seed: int) -> None:
    chaos = scenario.run(tmp_path, seed, SECONDS)
    assert len(chaos.ledger.events) > 1000


async def _compacted_under_load(chaos: Chaos, seconds: float) -> None:
    """Both workers die once the broker has compacted what they will read back; twice."""
    cluster = chaos.installation.cluster
    compact_quickly(cluster)
    for _ in range(2):
        marked = await marks(cluster)
        await asyncio.sleep(seconds / 4)
        await until_compacted(cluster, marked)
        await asyncio.gather(chaos.disturber.kill("streams"), chaos.disturber.kill(SECOND))
        await chaos.disturber.all_back()
    await chaos.disturber.run(seconds / 2)


@pytest.mark.chaos
def test_state_that_the_broker_has_compacted_is_whole(tmp_path: Path) -> None:
    chaos = scenario.run(tmp_path, 11, 2 * SECONDS, _compacted_under_load)
    assert len(chaos.ledger.events) > 1000

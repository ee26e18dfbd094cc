"""One history on one installation under whose feet parts die, from an empty data dir to the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from contracts.time.clock import real_now_ms
from tests.chaos import check
from tests.chaos.disturb import SECOND, Disturber, second_worker
from tests.chaos.history import DAY, Ledger, sources, write_region
from tests.chaos.load import devices, post_for
from tests.e2e.installation import REGION, Installation

Plan = Callable[["Chaos", float], Awaitable[None]]


@dataclass
class Chaos:
    """What a plan works with: the installation that runs, and who disturbs it."""

    installation: Installation
    disturber: Disturber
    region: Path
    ledger: Ledger = field(default_factory=Ledger)


async def everything(chaos: Chaos, seconds: float) -> None:
    """Each part dies at least once, workers freeze too."""
    await chaos.disturber.run(seconds)


async def _under_load(chaos: Chaos, seed: int, seconds: float, plan: Plan, kitchens: int) -> None:
    posting = devices(sources(chaos.region, Random(seed), kitchens, kitchens // 2), seed)
    url, tokens = chaos.installation.ready["ingest"], chaos.installation.tokens()["devices"]
    async with asyncio.TaskGroup() as group:
        group.create_task(post_for(seconds, url, tokens, posting, chaos.ledger))
        group.create_task(_plan(chaos, seconds, plan))


async def _plan(chaos: Chaos, seconds: float, plan: Plan) -> None:
    await plan(chaos, seconds)
    await chaos.disturber.all_back()


def run(home: Path, seed: int, seconds: float, plan: Plan = everything, kitchens: int = 8) -> Chaos:
    """Post for `seconds` while `plan` runs; then everything posted must be there, once, and every figure right."""
    region = home / "regions" / REGION
    write_region(region, Random(f"calendar {seed}"), real_now_ms() // DAY)
    installation = Installation(home / "data", "--dev-tokens", regions=region.parent)
    try:
        installation.start()
        with second_worker(installation, home / SECOND.replace(" ", "-")) as second:
            disturber = Disturber(installation, second, Random(f"chaos {seed}"))
            chaos = Chaos(installation, disturber, region)
            try:
                asyncio.run(_under_load(chaos, seed, seconds, plan, kitchens))
                check.settle(installation)
                check.events_are_those_posted(installation, chaos.ledger)
                check.wall_shows_what_is_stored(installation)
                check.audit_is_empty(installation)
            except BaseException as error:
                error.add_note(f"seed {seed}:\n" + "\n".join(chaos.disturber.said))
                error.add_note(f"pantau up said:\n{installation.log()}")
                raise
        assert installation.stop() == "", "stdout carries the ready line only"
        return chaos
    finally:
        installation.kill()

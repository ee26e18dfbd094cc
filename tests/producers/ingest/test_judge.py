"""A request's events are judged as `contracts.events.checks.check` judges each of them alone."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events.checks import check
from contracts.events.codes import Refusal
from contracts.events.decode import decode_line
from contracts.registry.entities import RegionRegistry, Registry
from contracts.time.days import DAY_MS
from producers.ingest.judging.judge import Judge
from producers.ingest.requests.body import Item
from tests.examples import KITCHEN, REGION, SCHOOL, TIME_MS, event
from tests.registry_small import SECOND_KITCHEN, SMALL, recipient

NEW_SCHOOL = "npsn:20208199"
_TODAY = (TIME_MS + 7 * 3_600_000) // DAY_MS
REGISTRY = Registry(
    [
        RegionRegistry(
            SMALL.region,
            SMALL.units,
            # In force from today on: yesterday's events of it are refused.
            (*SMALL.recipients, replace(recipient(NEW_SCHOOL, KITCHEN), valid_from=_TODAY)),
        )
    ]
)


class StoppedClock:
    factor = 1.0

    def now_ms(self) -> int:
        return TIME_MS

    def at(self, real_ms: int) -> int:
        return real_ms


events = st.tuples(
    st.sampled_from(["sppg.meal.eaten", "sppg.meal.eaten", "sppg.temperature.measured"]),
    st.sampled_from([REGION, REGION, REGION, REGION, "32.99"]),
    st.sampled_from([NEW_SCHOOL, NEW_SCHOOL, SCHOOL, "npsn:1"]),
    st.sampled_from([0, 11, 24, 800]),
    st.sampled_from([False, False, False, True]),
)


@given(
    st.lists(events, min_size=4, max_size=12),
    st.sampled_from([KITCHEN, KITCHEN, SECOND_KITCHEN, "SPPG-0000-0000"]),
)
def test_a_request_is_judged_as_each_of_its_events(
    made: list[tuple[str, str, str, int, bool]], unit: str
) -> None:
    lines = []
    for number, (type_, region, subject, hours, again) in enumerate(made):
        time = datetime.fromtimestamp(TIME_MS // 1000, UTC) - timedelta(hours=hours)
        own = {"id": f"e{number}", "source": f"/{region}/sppg/{unit}", "time": time.isoformat()}
        named = {"subject": subject} if type_ == "sppg.meal.eaten" else {}
        replaces = {"supersedes": f"e{number}"} if again else {}
        lines.append(json.dumps(event(type_, **own, **named, **replaces)).encode())
    items = [Item(place, line) for place, line in enumerate(lines)]
    found = asyncio.run(Judge(unit, REGISTRY, StoppedClock()).verdicts(items))
    refused = {}
    for place, line in enumerate(lines):
        one = decode_line(line)
        refusal = one if isinstance(one, Refusal) else check(one, REGISTRY, TIME_MS)
        if refusal is not None:
            refused[place] = (refusal.code, refusal.id)
    assert {one.index: (one.refusal.code, one.refusal.id) for one in found.rejected} == refused

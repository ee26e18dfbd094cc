"""Workers that are killed and frozen while alerts rise and a batch is held leave the alerts that one would that never was.

The demo clock makes the two minutes that alerts wait for into two seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from chassis.clocks import append_segment, read_segments
from chassis.datadir import DataDir
from chassis.feeds.command_record import command_record
from contracts.commands import Command, Confirm, Hold
from contracts.events.partition import partition_of
from contracts.results.topics import (
    ALERTS,
    COMMANDS,
    CONTROL_HEADER,
    EVENT_TOPICS,
    RECIPIENT_EVENTS,
    REGION_FEED,
    SPPG_EVENTS,
)
from contracts.time.clock import DEMO_FACTOR, Clock, DemoClock, Segment, real_now_ms, rfc3339
from streams.core.alerts.command_fold import CommandFold
from streams.core.fold import Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold
from tests import examples, registry_small
from tests.streams import test_exactly_once as chaos
from tests.streams.alert_day import at

pytestmark = pytest.mark.real
installation = chaos.installation

_SECOND: Final = registry_small.SECOND_KITCHEN
_KITCHENS: Final = (examples.KITCHEN, _SECOND)
_SCHOOLS: Final = (examples.SCHOOL, "npsn:20208124")
_STEPS: Final = 60
Alerts = dict[str, list[dict[str, Any]]]


def events(step: int, now_ms: int) -> list[tuple[str, str, bytes]]:
    """(topic, unit, line) of one step: most steps have something wrong."""
    pairs = zip(_KITCHENS, _SCHOOLS, strict=True)
    return [one for pair in pairs for one in _events_of(*pair, step, now_ms)]


def _events_of(
    kitchen: str, school: str, step: int, now_ms: int
) -> Iterator[tuple[str, str, bytes]]:
    def of_kitchen(type_: str, name: str, ago_min: int = 0, **data: Any) -> tuple[str, str, bytes]:
        subject = {"subject": school} if type_ == "sppg.delivery.received" else {}
        line = examples.line(
            type_, id=f"{name}{step}", source=f"/{examples.REGION}/sppg/{kitchen}", data=data,
            time=rfc3339(now_ms - ago_min * 60_000), **subject,
        )  # fmt: skip
        return SPPG_EVENTS, kitchen, line

    batch = f"B-{step}"
    yield of_kitchen("sppg.temperature.measured", "t", temp_c=11.0 if step > 12 else 3.0)
    yield of_kitchen("sppg.cooking.finished", "k", 5, batch=batch, portions=900)
    if step % 5 == 0:
        cooked = rfc3339(now_ms - (5 if step % 2 else 7) * 3_600_000)
        yield of_kitchen("sppg.food.tested", "f", 3, batch=batch, passed=False)
        yield of_kitchen(
            "sppg.delivery.received", "d", 1, batch=batch, cooked_at=cooked, portions=50
        )
    if step % 7 == 0:
        line = examples.line(
            "recipient.delivery.checked", id=f"c{step}", time=rfc3339(now_ms),
            source=f"/{examples.REGION}/recipient/{school}", data={"kitchen": kitchen},
        )  # fmt: skip
        yield RECIPIENT_EVENTS, school, line


def commands(step: int) -> list[Command]:
    hold = Hold(
        id="h1", region=examples.REGION, alert_id="a", by="ratna", note="uji", unit=_KITCHENS[0],
        batch="B-1", recipients=_SCHOOLS,
    )  # fmt: skip
    if step == 20:
        return [hold, hold]
    if step in (30, 40):
        by = _SCHOOLS[step // 10 - 3]
        confirm = Confirm(
            id=f"c-{by}", region=hold.region, alert_id=hold.shown_as, by=by, note="", eaten=False
        )
        return [confirm, confirm]
    return []


async def post(made: chaos.Installation, clock: Clock, seconds: float) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=made.bootstrap, acks="all")
    await producer.start()
    for step in range(_STEPS):
        for topic, unit, line in events(step, clock.now_ms()):
            partition = partition_of(unit, chaos.PARTITIONS)
            await producer.send_and_wait(topic, line, partition=partition)
        for command in commands(step):
            record = command_record(made.key, command, 1)
            await producer.send_and_wait(
                COMMANDS, record.value, partition=0, headers=list(record.headers)
            )
        await asyncio.sleep(seconds / _STEPS)
    await producer.stop()


async def sent_alerts(made: chaos.Installation) -> list[dict[str, Any]]:
    (records,) = await chaos.read_all(made, ALERTS, 1)
    return [json.loads(line) for record in records for line in record.value.split(b"\n")]


async def expected_alerts(
    made: chaos.Installation, clock: Clock, upto: list[int]
) -> list[dict[str, Any]]:
    """The same records through folds that nobody disturbs, to the positions `upto`."""
    region, offset = RegionFold(0, len(EVENT_TOPICS) * chaos.PARTITIONS, "epoch"), 0

    def read(record: Any) -> Record:
        control = dict(record.headers).get(CONTROL_HEADER, b"").decode()
        return Record(record.offset, clock.at(record.timestamp), record.value, b"", control)

    def feed(fold: UnitFold | CommandFold, end: int) -> None:
        nonlocal offset
        for out in fold.drain(end).out:
            if out.topic == REGION_FEED and out.value is not None:
                region.apply(Record(offset, 0, out.value))
                offset += 1

    ends = iter(upto)
    for topic in EVENT_TOPICS:
        for partition, records in enumerate(await chaos.read_all(made, topic, chaos.PARTITIONS)):
            unit_fold, end = UnitFold(topic, partition, chaos.PARTITIONS, 1), next(ends)
            unit_fold.apply(*(read(record) for record in records if record.offset < end))
            feed(unit_fold, end)
    command_fold = CommandFold(0)
    (given,) = await chaos.read_all(made, COMMANDS, 1)
    command_fold.apply(*map(read, given))
    feed(command_fold, len(given))
    values = chaos.table_values(region.drain(offset).out)
    return [
        json.loads(line)
        for table, value in values
        if table == "alert_changes"
        for line in value.split(b"\n")
    ]


def by_alert(rows: list[dict[str, Any]]) -> Alerts:
    """The changes of each alert. Commands do not wait for their moment, so only the number of a change may differ."""
    found: Alerts = defaultdict(list)
    for row in rows:
        found[row["id"]].append({name: row[name] for name in row if name != "revision"})
    return found


async def scenario(
    made: chaos.Installation, clock: Clock, seconds: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    await chaos.publish_registry(made)
    for _ in range(2):
        made.start_worker()
    await asyncio.gather(post(made, clock, seconds), chaos.disturb(made, seconds, 3))
    deadline = time.monotonic() + 180

    async def is_done() -> bool:
        """Both have stopped, and what was sent last is in."""
        rows = await sent_alerts(made)
        holds = [json.loads(row["evidence"]) for row in rows if row["kind"] == "hold"]
        last = any(row["kind"] == "over_4h" and f"d{_STEPS - 5}" in row["evidence"] for row in rows)
        return last and bool(holds) and holds[-1]["confirmed_count"] == len(_SCHOOLS)

    while not await is_done():
        assert time.monotonic() < deadline, "the workers do not come as far"
        made.keep_two()
        await asyncio.sleep(0.5)
    made.stop()
    # What a unit fold had flushed last the region fold may not have read: others do it in the end.
    made.start_worker()
    ends = await chaos.log_ends(made)
    while (
        any(got < end for got, end in zip(await chaos.positions(made), ends, strict=True))
        or await chaos.region_position(made) < (await chaos.ends_of(made, REGION_FEED, 1))[0]
    ):
        assert time.monotonic() < deadline, "the last worker stands still"
        await asyncio.sleep(0.3)
    made.stop()
    return await sent_alerts(made), await expected_alerts(
        made, clock, await chaos.seen_by_region(made)
    )


def test_alerts_that_rise_while_workers_are_killed_are_those_of_a_quiet_day(
    installation: chaos.Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = DataDir(installation.home)
    append_segment(home, Segment(real_now_ms(), at("09:00"), DEMO_FACTOR))
    monkeypatch.setenv("PANTAU_CLOCK", "demo")
    seconds = float(os.environ.get("PANTAU_CHAOS_SECONDS", "20"))
    clock = DemoClock(read_segments(home))
    sent, expected = asyncio.run(scenario(installation, clock, seconds))
    revisions = [row["revision"] for row in sent]
    assert revisions == sorted(set(revisions)), "each change is stored once"
    common = by_alert(sent)
    wanted = by_alert(expected)
    kinds = {rows[0]["kind"] for rows in wanted.values()}
    assert kinds >= {"over_4h", "unsafe_batch", "over_capacity", "temperature", "hold"}
    differing = {
        key: (common.get(key), rows) for key, rows in wanted.items() if common.get(key) != rows
    }
    assert common.keys() == wanted.keys()
    assert not differing, f"{len(differing)} of {len(wanted)}: {dict(list(differing.items())[:2])}"

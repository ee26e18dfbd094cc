"""A month of a kabupaten in a ClickHouse, as the installation would have stored it.

    simulator -> records -> landing (raw lines) ------------------------------> ClickHouse
                    '-----> unit folds (2 partitions a topic) -> region fold --> ClickHouse (table lines)

The simulator's devices, the folds of `streams` and the landing of `sinks` are the ones that run in an installation; what is
left out is Kafka between them. Flushes are two hours of the region's time apart, so rows have fewer revisions than in
life: the newest of each is the same. `fill` brings the store to its size with more heartbeats, written by SQL: they put
nothing into any row, so the rows stay what the folds made of them.
"""

from __future__ import annotations

import multiprocessing
import queue
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from bench.direct import Landed, land_registry, land_rows
from chassis.regions.region_folder import load_region
from contracts.events.partition import partition_of
from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.topics import (
    EVENT_TOPICS,
    REGION_FEED,
    REGISTRY_CHANGE,
    TICK,
    TOPIC_OF_KIND,
)
from contracts.time.clock import RealClock
from producers.simulator.sending.devices import SENT_WITHIN_DAYS, Post
from producers.simulator.sending.to_file import sent
from producers.simulator.world import HOUR_MS, Rates, World
from sinks.batch import TableBatch
from sinks.landing import EventLines
from sinks.writer import Writer
from storage.clickhouse_client import connect
from storage.schema import STORE
from streams.core.fold import Out, Record
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold

PARTITIONS: Final = 2
_FLUSH_MS: Final = 2 * HOUR_MS
_ON_THE_WAY_MS: Final = 400
_BROKER_MS: Final = 100
_ROWS_AT_ONCE: Final = 40_000
_ROUNDS_AHEAD: Final = 4
_END: Final = -1


class StorePlan(NamedTuple):
    """What to build. `day`: the first local day (day number); `rates`: how often devices speak."""

    region: str
    folder: Path
    url: str
    password: str
    day: int
    days: int
    rates: Rates
    seed: int = 1


class Built(NamedTuple):
    """Event lines stored, and the seconds that took."""

    events: int
    seconds: float


class _Landing:
    """The sink's way into ClickHouse; one batch is on its way while the next is gathered."""

    def __init__(self, plan: StorePlan) -> None:
        client = connect(plan.url, "writer", plan.password)
        self._writer = Writer(lambda: client, RealClock())
        self._lines = EventLines(b"k" * 32, RealClock())
        self._pool = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None
        self._batch = TableBatch()

    def line(self, record: Landed) -> None:
        """Raw lines."""
        self._lines.land(record, self._batch)
        self._pass_on(_ROWS_AT_ONCE)

    def rows(self, out: Out) -> None:
        """Table lines."""
        land_rows(out, self._batch)
        self._pass_on(_ROWS_AT_ONCE)

    def registry(self, value: bytes, now_ms: int) -> None:
        """Rows of the registry."""
        land_registry(value, now_ms, self._batch)

    def _pass_on(self, at_least: int) -> None:
        if self._batch.count >= at_least:
            if self._batch.rejects:
                raise RuntimeError(f"lines that no table takes: {self._batch.rejects[0].reason}")
            if self._under_way is not None:
                self._under_way.result()
            self._under_way = self._pool.submit(self._writer.write, self._batch)
            self._batch = TableBatch()

    def end(self) -> None:
        """All is written."""
        self._pass_on(1)
        if self._under_way is not None:
            self._under_way.result()
        self._pool.shutdown()


def _rounds(world: World, plan: StorePlan, partition: int) -> Iterator[tuple[int, list[Post]]]:
    """(end, the partition's posts due before it) of each flush; what the last days send late is in the last one."""

    def is_ours(source_id: str) -> bool:
        return partition_of(source_id, PARTITIONS) == partition

    start, end = world.midnight_ms(plan.day), world.midnight_ms(plan.day + plan.days)
    until = start + _FLUSH_MS
    due: list[Post] = []
    for post in sent(world, plan.day, plan.days, is_ours):
        while post.due_ms >= until and until < end:
            yield until, due
            until, due = until + _FLUSH_MS, []
        due.append(post)
    while until < end:
        yield until, due
        until, due = until + _FLUSH_MS, []
    yield world.midnight_ms(plan.day + plan.days + SENT_WITHIN_DAYS), due


class _UnitSide:
    """Stage one of one partition of all event topics."""

    def __init__(self, plan: StorePlan, partition: int, region: RegionRegistry) -> None:
        self._places = [(topic, partition) for topic in EVENT_TOPICS]
        self._folds = {place: UnitFold(*place, PARTITIONS, 1) for place in self._places}
        self._offsets = dict.fromkeys(self._places, 0)
        self._world = World(Registry([region]), plan.region, plan.seed, plan.rates)
        self._kinds = {unit.unit_id: unit.kind for unit in region.units}
        self._landing = _Landing(plan)
        self._partition = partition
        self.events = 0
        value, now = region.encode(), self._world.midnight_ms(plan.day)
        if partition == 0:
            self._landing.registry(value, now)
        for place in self._places:
            self._apply(place, now, value, REGISTRY_CHANGE)

    def _apply(self, place: tuple[str, int], now: int, value: bytes, control: str) -> None:
        offset = self._offsets[place]
        self._offsets[place] += 1
        self._folds[place].apply(Record(offset, now, value, b"", control))
        if not control:
            self._landing.line(Landed(*place, offset, now, value))

    def send(self, post: Post) -> None:
        """One device's post as ingest hands it on: one record."""
        received = post.due_ms + _ON_THE_WAY_MS
        stamp = f',"receivedtime":"{self._world.text(received)}"}}'.encode()
        value = b"\n".join(one.line[:-1] + stamp for one in post.events)
        self.events += len(post.events)
        place = TOPIC_OF_KIND[self._kinds.get(post.unit_id, "recipient")], self._partition
        self._apply(place, received + _BROKER_MS, value, "")

    def flush(self, now: int) -> list[bytes]:
        """Time has come to `now`: what the region's fold gets of it."""
        feed = []
        for place, fold in self._folds.items():
            self._apply(place, now, b"{}", TICK)
            for out in fold.drain(self._offsets[place]).out:
                if out.topic == REGION_FEED:
                    feed.append(out.value or b"")
                self._landing.rows(out)
        return feed

    def run(self, plan: StorePlan, feed: Any) -> None:
        """All days, to the last row."""
        for now, posts in _rounds(self._world, plan, self._partition):
            for post in posts:
                self.send(post)
            feed.put((self.events, self.flush(now)))
        self._landing.end()
        feed.put((_END, [str(self.events).encode()]))


def _unit_side(plan: StorePlan, partition: int, feed: Any) -> None:
    registry = load_region(plan.folder)
    _UnitSide(plan, partition, registry).run(plan, feed)


def build(plan: StorePlan) -> Built:
    """Fill the empty store at `plan.url`; two processes fold units and land lines, this one folds the region."""
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    feeds = [context.Queue(_ROUNDS_AHEAD) for _ in range(PARTITIONS)]
    workers = [
        context.Process(target=_unit_side, args=(plan, number, feed), daemon=True)
        for number, feed in enumerate(feeds)
    ]
    for worker in workers:
        worker.start()
    region = RegionFold(0, len(EVENT_TOPICS) * PARTITIONS, "bench")
    landing = _Landing(plan)
    offset = rounds = 0
    open_feeds = dict(enumerate(feeds))
    events = dict.fromkeys(open_feeds, 0)
    while open_feeds:
        for number, feed in [*open_feeds.items()]:
            count, values = _take(feed, workers[number])
            if count == _END:
                del open_feeds[number]
                continue
            events[number] = count
            for value in values:
                region.apply(Record(offset, 0, value))
                offset += 1
        for out in region.drain(offset).out:
            landing.rows(out)
        rounds += 1
        if rounds % 12 == 0:
            done = sum(events.values())
            rate = done / (time.monotonic() - began)
            sys.stderr.write(f"{rounds // 12} days, {done:,} events, {rate:,.0f} a second\n")
    landing.end()
    for worker in workers:
        worker.join()
    return Built(sum(events.values()), time.monotonic() - began)


def _take(feed: Any, worker: Any) -> tuple[int, list[bytes]]:
    """The next round of one side. Raises `RuntimeError` if its process has ended without."""
    while True:
        try:
            found: tuple[int, list[bytes]] = feed.get(timeout=5)
        except queue.Empty:
            if worker.exitcode is not None:
                raise RuntimeError("a process that folds has ended: see above") from None
        else:
            return found


_FILL: Final = """
INSERT INTO {store}.raw_lines SELECT * EXCEPT (more, moved, named)
    REPLACE (
        moved AS `time`, moved AS recorded_at, named AS id, toUInt32(1000000 + 1000 * line + more) AS line,
        replaceOne(
            replaceOne(value, concat('"id":"', id, '"'), concat('"id":"', named, '"')),
            extract(value, '"time":"[^"]*"'),
            concat('"time":"', formatDateTime(moved, '%Y-%m-%dT%H:%i:%S', 'UTC'), '.',
                leftPad(toString(toUnixTimestamp64Milli(moved) % 1000), 3, '0'), 'Z"')
        ) AS value
    )
FROM (
    SELECT *, arrayJoin(range(1, {times} + 1)) AS more, concat(id, '-', toString(more)) AS named,
        `time` - toIntervalMillisecond(intDiv(300000 * more, {times} + 1)) AS moved
    FROM {store}.raw_lines
    WHERE type = 'unit.heartbeat' AND toDate(`time`) = '{day}' AND line < 1000000
        AND ({place}) NOT IN (SELECT {place} FROM {store}.exceptions)
)
"""


def fill(client: Client, events: int) -> None:
    """More heartbeats, each earlier than one that is there and sent with it, until the store has about `events` lines."""
    there, beats = client.query(
        f"SELECT count(), countIf(type = 'unit.heartbeat') FROM {STORE}.raw_lines"
    ).result_rows[0]
    times = (events - there) // beats if beats else 0
    if times <= 0:
        return
    days = client.query(f"SELECT DISTINCT toDate(`time`) FROM {STORE}.raw_lines ORDER BY 1")
    for (day,) in days.result_rows:
        sql = _FILL.format(
            store=STORE, times=times, day=day, place="topic, partition, offset, line"
        )
        client.command(sql, settings={"max_threads": 2, "max_insert_threads": 2})
        sys.stderr.write(f"heartbeats of {day}\n")

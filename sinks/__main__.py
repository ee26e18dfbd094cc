"""`python -m sinks`: Kafka into ClickHouse.

Two threads: one lands event lines, one inserts table lines and the registry.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Container, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, aclosing
from functools import partial
from typing import NoReturn

from clickhouse_connect.driver.exceptions import ClickHouseError

from chassis import clocks, health, logs, service
from chassis.feeds import generation_feed
from chassis.feeds.log_ends import LogEnds
from chassis.kafka.admin import ensure_topics, wait_for_broker
from chassis.kafka.cluster import cluster_of
from chassis.settings import Settings
from contracts.results.reached import Reached
from contracts.results.topics import (
    EVENT_TOPICS,
    REBUILT_TOPICS,
    REGISTRY,
    TABLE_TOPICS,
    Topic,
    topic_of,
    topics,
)
from contracts.time.clock import Clock
from sinks import table_lines
from sinks.landing import EventLines
from sinks.progress_report import ProgressReport, stored_positions
from sinks.reader import Land, Reader, open_consumer, positions_of
from sinks.registry_rows import RegistryTables
from sinks.sink_metrics import LAG, Readiness
from sinks.writer import Writer
from storage import generation_tables as stored
from storage import migrate
from storage.clickhouse_client import open_writer

_EVENTS = "events"
_TABLES = "tables"
_BROKER_WAIT_S = 60.0
_AGAIN_S = 1.0


def _lands(settings: Settings, clock: Clock, generation: int) -> dict[str, dict[str, Land]]:
    """What each reader does with the records of each of its topics."""
    own = {topic_of(name, generation): table_lines.land for name in TABLE_TOPICS}
    if settings.generation:
        # Beside the installation's own sink, which has all that is shared.
        ours = {topic_of(name, generation) for name in REBUILT_TOPICS}
        return {_TABLES: {name: land for name, land in own.items() if name in ours}}
    key = clocks.secret_key(settings)
    events, registry = EventLines(key, clock), RegistryTables(key, clock)
    return {
        _EVENTS: dict.fromkeys(EVENT_TOPICS, events.land),
        _TABLES: {**own, REGISTRY: registry.land},
    }


def _follow(settings: Settings, generation: int, stop: threading.Event) -> None:
    """Ends the process once another generation is shown: its supervisor starts it anew, on that one."""

    async def follow() -> None:
        cluster, key = cluster_of(settings, "sinks"), clocks.secret_key(settings)
        async with aclosing(generation_feed.follow(cluster, key)) as changes:
            async for one in changes:
                if one.shown != generation:
                    log = logs.get("sinks")
                    log.info("another generation is shown", now=one.shown, was=generation)
                    stop.set()
                    return

    threading.Thread(target=lambda: asyncio.run(follow()), daemon=True, name="generations").start()


def _prepare_store(
    settings: Settings, generation: int, state: health.Health, stop: threading.Event
) -> list[Reached]:
    """Tables and views as this version defines them, before a row comes that an older table lacks a column for.

    Gives the positions that the store holds; nothing if asked to stop first. The views follow the record, also where whoever
    wrote it died before they did. Raises `MigrationError`.
    """
    while not stop.is_set():
        try:
            client = open_writer(settings)
            migrate.run(client)
            if stored.shown(client) != generation:
                stored.show(client, generation)
            return stored_positions(client, generation)
        except (ClickHouseError, OSError) as error:
            state.not_ready(f"ClickHouse does not answer: {error}")
            stop.wait(_AGAIN_S)
    return []


def _places(wanted: Sequence[Topic], land: Container[str]) -> list[tuple[str, int]]:
    return [
        (topic.name, number)
        for topic in wanted
        if topic.name in land
        for number in range(topic.partitions)
    ]


def _lag(ends: LogEnds, reader: Reader, topic: str, partition: int) -> float:
    return ends.lag(topic, partition, reader.positions.get((topic, partition)))


def _work(of: service.Service) -> None:
    """Work until a signal comes, or another generation is shown."""
    stop = threading.Event()
    settings, clock, state = of.settings, of.clock, of.health
    with health.serve(state, settings.host, settings.health_port, settings.data_dir):
        wait_for_broker(cluster_of(settings, "sinks"), _BROKER_WAIT_S)
        of.on_stop(stop.set)
        generation = settings.generation or generation_feed.read_now(settings, "sinks").shown
        lands = _lands(settings, clock, generation)
        readiness = Readiness(state, tuple(lands))
        wanted = topics(settings.partitions, settings.region_partitions, generation)
        cluster = cluster_of(settings, "sinks")
        ensure_topics(cluster, wanted, settings.replication)
        known: list[Reached] = []
        if not settings.generation:
            _follow(settings, generation, stop)
            known = _prepare_store(settings, generation, state, stop)
        with ExitStack() as opened:
            readers = []
            for name, land in lands.items():
                of_reader = [topic for topic in wanted if topic.name in land]
                consumer = open_consumer(cluster, of_reader, name)
                positions = known if name == _TABLES else ()
                report = ProgressReport(
                    cluster, name, generation, positions, positions_of(consumer)
                )
                opened.callback(report.close)
                writer = Writer(partial(open_writer, settings), clock, generation, stop.wait)
                readers.append(
                    Reader(
                        name,
                        consumer,
                        land,
                        writer,
                        report.written,
                        readiness,
                        stop,
                        settings.rows_step_s,
                    )
                )
            every = [place for land in lands.values() for place in _places(wanted, land)]
            ends = LogEnds(cluster, every)
            state.check(ends.trouble)
            for reader in readers:
                state.check(reader.trouble)
                for topic, partition in _places(wanted, reader.land):
                    lag = partial(_lag, ends, reader, topic, partition)
                    LAG.labels(topic, str(partition)).set_function(lag)
            opened.enter_context(ends.followed())
            _run(readers, stop)


def _run(readers: Sequence[Reader], stop: threading.Event) -> None:
    """Until one ends; raises what ended it."""
    with ThreadPoolExecutor(len(readers), "sinks") as pool:
        futures = [pool.submit(reader.run) for reader in readers]
        done, _ = wait(futures, return_when=FIRST_COMPLETED)
        stop.set()
        for future in done:
            future.result()
        for future in futures:
            future.result()


def main() -> NoReturn:
    """Runs until SIGTERM. Whatever ends one of the threads ends the process: its supervisor starts it again."""
    service.run("sinks", _work)


if __name__ == "__main__":
    main()

"""What a rebuild needs before it runs: topics, tables, a beginning; and what it leaves, removed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from clickhouse_connect.driver.client import Client

from chassis.clocks import load_clock, secret_key
from chassis.datadir import DataDir
from chassis.kafka.admin import delete_topics, ensure_topics, topic_ids
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.sending import KafkaSender
from chassis.settings import Settings
from contracts.results.generations import service_name
from contracts.results.topics import (
    COMMAND_STATE,
    COMMANDS,
    REGION_FEED,
    REGION_STATE,
    UNIT_STATE,
    control_of,
    generation_of_topic,
    topic_of,
    topics,
)
from contracts.time.windows import AHEAD_MS
from pantau.installation import child_env
from pantau.processes import probes
from pantau.processes.child_log import ChildLog
from pantau.processes.supervisor import Part
from pantau.registry_publish import published
from pantau.replay.event_log import Log
from storage import generation_tables as stored
from streams.agents.state import POSITION_KEY, StoredPosition, encode_position
from streams.core.alerts.command_fold import CommandFold
from streams.core.fold import Record
from streams.core.region_stage.region_state import region_seed
from streams.core.unit_stage.unit_state import unit_seed

_START_S: Final = 600.0
_FLUSH_MS: Final = 1000
"""What changes many times within it is sent once."""


def parts(settings: Settings, generation: int) -> tuple[Part, ...]:
    """A worker and a sink of `generation`, beside those of the installation."""
    home = DataDir(settings.data_dir)
    changed = {"generation": generation, "flush_ms": _FLUSH_MS, "health_port": 0}
    env = child_env(settings.model_copy(update=changed), os.environ)
    found = []
    for module in ("streams", "sinks"):
        name = service_name(module, generation)
        log = ChildLog(home.logs / f"{name}.log")
        argv = (sys.executable, "-m", module)
        found.append(Part(name, argv, env, log, probes.run_file(home, name), _START_S))
    return tuple(found)


async def prepare(settings: Settings, client: Client, generation: int) -> None:
    """Topics and tables of `generation`."""
    wanted = topics(settings.partitions, settings.region_partitions, generation)
    own = [topic for topic in wanted if generation_of_topic(topic.name) == generation]
    await asyncio.to_thread(ensure_topics, cluster_of(settings, "admin"), own, settings.replication)
    await asyncio.to_thread(stored.make, client, generation)


async def begin(settings: Settings, log: Log, generation: int) -> int | None:
    """Where the log has lost its beginning: give the folds what its records contained, and return the moment
    (epoch ms, region's clock) from which all events are in it. None if it is complete.
    """
    begins = await log.begins()
    if all(one.offset == 0 for one in begins.values()):
        return None
    clock = load_clock(settings)
    times = {place: clock.at(one.time_ms) for place, one in begins.items()}
    registries = list(
        (await published(cluster_of(settings, "admin"), secret_key(settings))).values()
    )
    latest = max(times.values())
    sender = KafkaSender(cluster_of(settings, "admin"))
    try:
        await sender.open()
        for place, time_ms in times.items():
            topic = topic_of(UNIT_STATE[place.topic], generation)
            await sender.send(_state(topic, place.partition, unit_seed(registries, time_ms)))
        topic = topic_of(REGION_STATE, generation)
        for number in range(settings.region_partitions):
            await sender.send(_state(topic, number, region_seed(registries, latest)))
    finally:
        await sender.close()
    return latest + AHEAD_MS


async def give_commands(settings: Settings, log: Log, generation: int) -> None:
    """Puts all commands of people before all else into the feed of `generation`: read beside the events, a command could come
    when the moment at which it took effect has passed, and an acknowledgement of what is over by then would be lost.
    """
    cluster, clock, key = (
        cluster_of(settings, "admin"),
        load_clock(settings),
        secret_key(settings),
    )
    topic_id = (await asyncio.to_thread(topic_ids, cluster, [COMMANDS]))[COMMANDS]
    sender = KafkaSender(cluster)
    try:
        await sender.open()
        for partition in range(settings.region_partitions):
            fold, end = CommandFold(partition), 0
            async for record in log.commands(partition):
                control = control_of(key, record)
                at = clock.at(record.timestamp)
                fold.apply(Record(record.offset, at, record.value or b"", b"", control))
                end = record.offset + 1
            feed = topic_of(REGION_FEED, generation)
            await sender.send(
                OutgoingRecord(feed, out.value, None, out.partition) for out in fold.drain(end).out
            )
            if end:
                # Its own fold goes on behind them.
                position = encode_position(StoredPosition(end, topic_id))
                state = topic_of(COMMAND_STATE, generation)
                await sender.send(_state(state, partition, {POSITION_KEY: position}))
    finally:
        await sender.close()


def _state(topic: str, partition: int, state: Mapping[bytes, bytes]) -> Iterator[OutgoingRecord]:
    for key, value in state.items():
        yield OutgoingRecord(topic, value, key, partition)


async def remove(settings: Settings, client: Client, wanted: Collection[int]) -> list[int]:
    """Topics and tables of all generations but `wanted`; which they were."""

    def unwanted(topic: str) -> bool:
        generation = generation_of_topic(topic)
        return generation is not None and generation not in wanted

    deleted = await asyncio.to_thread(delete_topics, cluster_of(settings, "admin"), unwanted)
    found = await asyncio.to_thread(stored.existing, client)
    for generation in found - set(wanted):
        await asyncio.to_thread(stored.drop, client, generation)
    return sorted({generation_of_topic(topic) or 0 for topic in deleted} | (found - set(wanted)))

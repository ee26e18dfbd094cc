"""Brings changed region folders into the log: to `registry`, and to every partition of the event
topics, so that a replay meets them at the same place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from chassis import logs
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import LogReader, LogRecord, OutgoingRecord, Place
from chassis.kafka.log import KafkaAccess
from chassis.operator_error import OperatorError
from contracts.registry.entities import RegionRegistry
from contracts.registry.registry_changes import validate_change
from contracts.results.topics import (
    EVENT_TOPICS,
    REGISTRY,
    REGISTRY_CHANGE,
    control_headers,
    control_of,
)
from contracts.time.clock import Clock
from contracts.time.days import Zone
from contracts.unreadable import UNREADABLE

_TRANSACTIONAL_ID: Final = "pantau.registry"
_MOST_FAULTS: Final = 5

_log = logs.get(__name__)


async def published(cluster: Cluster, key: bytes) -> dict[str, RegionRegistry]:
    """The newest registry of each region on the topic. Records that we did not sign count for nothing."""
    async with KafkaAccess(cluster).reader() as reader:
        return await _published(reader, key)


async def _published(reader: LogReader, key: bytes) -> dict[str, RegionRegistry]:
    found: dict[str, RegionRegistry] = {}
    async for records in reader.read_to_end(Place(REGISTRY, 0)):
        for record in records:
            _take(found, key, record)
    return found


def _take(found: dict[str, RegionRegistry], key: bytes, record: LogRecord) -> None:
    if control_of(key, record) != REGISTRY_CHANGE:
        return
    try:
        registry = RegionRegistry.decode(record.value or b"")
    except UNREADABLE as error:
        _log.warning("registry record ignored", offset=record.offset, error=str(error))
        return
    found[registry.region.code] = registry


def _records(
    key: bytes, registry: RegionRegistry, partitions: Mapping[str, int]
) -> Iterator[OutgoingRecord]:
    value = registry.encode()

    def to(topic: str, partition: int, record_key: bytes | None = None) -> OutgoingRecord:
        headers = control_headers(key, REGISTRY_CHANGE, topic, partition, value)
        return OutgoingRecord(topic, value, record_key, partition, headers)

    yield to(REGISTRY, 0, registry.region.code.encode())
    for topic, count in partitions.items():
        yield from (to(topic, partition) for partition in range(count))


async def _send(
    cluster: Cluster, key: bytes, changed: Iterable[RegionRegistry], partitions: Mapping[str, int]
) -> None:
    """A transaction a region: either every partition has the change or none has."""
    writer = KafkaAccess(cluster).writer(_TRANSACTIONAL_ID)
    try:
        await writer.open()
        for registry in changed:
            await writer.send(_records(key, registry, partitions))
    finally:
        await writer.close()


async def _publish(
    cluster: Cluster, key: bytes, clock: Clock, registries: Iterable[RegionRegistry]
) -> list[str]:
    async with KafkaAccess(cluster).reader() as reader:
        known = await _published(reader, key)
        partitions = {topic: await reader.partitions(topic) for topic in EVENT_TOPICS}
    changed = [one for one in registries if _is_changed(known.get(one.region.code), one, clock)]
    if changed:
        await _send(cluster, key, changed, partitions)
    return [registry.region.code for registry in changed]


def _is_changed(old: RegionRegistry | None, registry: RegionRegistry, clock: Clock) -> bool:
    if old is not None and old.version == registry.version:
        return False
    today = Zone(registry.region.timezone).local_day(clock.now_ms())
    if faults := validate_change(old, registry, today):
        raise _refusal(registry.region.code, faults)
    return True


def _refusal(code: str, faults: list[str]) -> OperatorError:
    """A new version of an example region may differ in all its rows: some of them tell enough."""
    lines = faults[:_MOST_FAULTS]
    if len(faults) > len(lines):
        lines.append(f"and {len(faults) - len(lines)} more")
    return OperatorError(
        f"the folder of region {code} may not be taken over, since days that have begun would change:\n  "
        + "\n  ".join(lines)
        + "\nA simulation is begun anew: give another --data-dir. A real installation goes on with a folder of its own "
        "(PANTAU_REGIONS_DIR), in which these rows are dated after today or left out."
    )


def publish(
    cluster: Cluster, key: bytes, clock: Clock, registries: Iterable[RegionRegistry]
) -> list[str]:
    """Publish each region that differs from what the cluster holds; gives the codes of those.

    `key`: the installation's, to sign with. Raises `OperatorError` where a change would alter the past.
    """
    return asyncio.run(_publish(cluster, key, clock, registries))

"""Kafka: wait for the broker, and make the topics as the contract wants them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from kafka.admin import ConfigResource as BlockingResource
from kafka.admin import ConfigResourceType as BlockingType
from kafka.errors import KafkaError as BlockingKafkaError

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from chassis.operator_error import OperatorError
from contracts.results.topics import Topic

_RETRY_S: Final = 0.2
_DELETE_S: Final = 60.0
_CHECKED: Final = ("message.timestamp.type", "cleanup.policy")
"""Settings on which correctness depends: another value is refused, not changed unasked."""
_LIMIT: Final = "max.message.bytes"


class TopicError(OperatorError):
    """A topic is not as it must be, or cannot be made. The message says what to do."""


@asynccontextmanager
async def _admin(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = clients.async_admin(cluster)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def why_silent(cluster: Cluster) -> str | None:
    """None if the cluster answers and has a broker, else why not, in a few words."""
    try:
        async with _admin(cluster) as admin:
            if (await admin.describe_cluster())["brokers"]:
                return None
    except (KafkaError, OSError) as error:
        return str(error) or type(error).__name__
    return "it knows no brokers yet"


async def _wait(cluster: Cluster, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        reason = await why_silent(cluster)
        if reason is None:
            return
        if time.monotonic() >= deadline:
            raise TimeoutError(
                f"no Kafka at {cluster} after {timeout_s:.0f} s ({reason}): "
                "is it running, and is the address right?"
            )
        await asyncio.sleep(_RETRY_S)


def wait_for_broker(cluster: Cluster, timeout_s: float) -> None:
    """Return when the cluster answers. Raises `TimeoutError` after `timeout_s` seconds."""
    asyncio.run(_wait(cluster, timeout_s))


def _misfits(wanted: Topic, partitions: int, config: Mapping[str, str]) -> list[str]:
    """What is wrong with an existing topic, in words."""
    found = [
        f"has {name}={config.get(name)}, not {wanted.config[name]}"
        for name in _CHECKED
        if name in wanted.config and config.get(name) != wanted.config[name]
    ]
    if partitions != wanted.partitions:
        found.append(f"has {partitions} partitions, not {wanted.partitions} (fixed at creation)")
    return found


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources) if names else []:
        for resource in response.resources:
            _code, _message, _kind, name, entries = resource[:5]
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[Topic], replication: int) -> None:
    # With three copies a write that only one broker holds must not be answered.
    durable = {"min.insync.replicas": "2"} if replication >= 3 else {}
    wanted = [
        NewTopic(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication,
            topic_configs=topic.config | durable,
        )
        for topic in missing
    ]
    answer = await admin.create_topics(wanted)
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise TopicError(f"topic {name} cannot be made: {error.__name__} {message}")


async def _existing(admin: AIOKafkaAdminClient) -> dict[str, int]:
    described: list[dict[str, Any]] = await admin.describe_topics()
    return {
        topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0
    }


async def _ready(admin: AIOKafkaAdminClient, names: Sequence[str], timeout_s: float) -> None:
    """Wait until every partition has a leader: a topic just made has none for a moment."""
    deadline = time.monotonic() + timeout_s
    while True:
        described = {topic["topic"]: topic for topic in await admin.describe_topics()}
        late = [
            name
            for name in names
            if name not in described
            or any(part["leader"] < 0 for part in described[name]["partitions"])
        ]
        if not late:
            return
        if time.monotonic() >= deadline:
            raise TopicError(f"no leader after {timeout_s:.0f} s for {', '.join(late)}")
        await asyncio.sleep(_RETRY_S)


def _raise_limits(cluster: Cluster, topics: Sequence[Topic], now: Mapping[str, Any]) -> None:
    """Raises the greatest size of a record where an earlier version made the topic with a lower one."""
    low = [
        topic
        for topic in topics
        if int(now.get(topic.name, {}).get(_LIMIT, 0)) < int(topic.config.get(_LIMIT, 0))
    ]
    if not low:
        return
    wanted = [
        BlockingResource(BlockingType.TOPIC, topic.name, {_LIMIT: topic.config[_LIMIT]})
        for topic in low
    ]
    with clients.blocking_admin(cluster) as admin:
        try:
            # What the broker refuses, as a right that is missing, is an answer and raises nothing.
            answers = admin.alter_configs(wanted)["topic"]
        except BlockingKafkaError as error:
            answers = {topic.name: type(error).__name__ for topic in low}
    refused = [topic for topic in low if answers[topic.name] != "OK"]
    if refused:
        names = ", ".join(f"{topic.name} to {topic.config[_LIMIT]}" for topic in refused)
        raise TopicError(
            f"{_LIMIT} of topics is too low and cannot be changed ({answers[refused[0].name]}): give "
            f"this account AlterConfigs on them, or raise it with kafka-configs: {names}"
        )


async def _ensure(cluster: Cluster, topics: Sequence[Topic], replication: int) -> None:
    async with _admin(cluster) as admin:
        before = await _existing(admin)
        missing = [topic for topic in topics if topic.name not in before]
        if missing:
            await _create(admin, missing, replication)
        await _ready(admin, [topic.name for topic in topics], 15.0)
        present = await _existing(admin)
        configs = await _configs(admin, [topic.name for topic in topics])
    await asyncio.to_thread(_raise_limits, cluster, topics, configs)
    problems = [
        f"topic {topic.name} {misfit}"
        for topic in topics
        for misfit in _misfits(topic, present[topic.name], configs.get(topic.name, {}))
    ]
    if problems:
        raise TopicError(
            "; ".join(problems)
            + ". Set PANTAU_PARTITIONS and PANTAU_REGION_PARTITIONS to what was there "
            "when the topics were made, or use another cluster."
        )


def ensure_topics(cluster: Cluster, topics: Sequence[Topic], replication: int) -> None:
    """Make the topics that are missing and check those that are there.

    `cluster`: host:port[,host:port]; `replication`: copies of each new partition.
    Raises `TopicError` where a topic has another partition count or the wrong kind of time stamp.
    """
    asyncio.run(_ensure(cluster, topics, replication))


async def _delete(cluster: Cluster, wanted: Callable[[str], bool]) -> list[str]:
    async with _admin(cluster) as admin:
        names = sorted(name for name in await _existing(admin) if wanted(name))
        if names:
            await admin.delete_topics(names)
        deadline = time.monotonic() + _DELETE_S
        while left := [name for name in names if name in await _existing(admin)]:
            if time.monotonic() >= deadline:
                raise TopicError(f"{', '.join(left)}: still there {_DELETE_S:.0f} s after deletion")
            await asyncio.sleep(_RETRY_S)
    return names


def delete_topics(cluster: Cluster, wanted: Callable[[str], bool]) -> list[str]:
    """Delete the topics whose names are `wanted`; their names, once they are deleted. Raises `TopicError`, `KafkaError`."""
    return asyncio.run(_delete(cluster, wanted))


def topic_ids(cluster: Cluster, topics: Iterable[str]) -> dict[str, str]:
    """Kafka's id of each topic: one made anew has another. Raises `BROKER_ERRORS`."""
    with clients.blocking_admin(cluster) as admin:
        found = admin.describe_topics(list(topics))
    return {topic["name"]: str(topic["topic_id"]) for topic in found}


def group_members(cluster: Cluster, group: str) -> int:
    """How many consumers a group has now. Raises `BROKER_ERRORS`."""
    with clients.blocking_admin(cluster) as admin:
        return len(admin.describe_groups([group])[group]["members"])

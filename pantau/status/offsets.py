"""Where topics end, how far a consumer group has come, and which transactions readers wait for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from chassis.feeds.log_ends import Offsets, read_ends
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from contracts.time.clock import real_now_ms, rfc3339

_LIMIT_MS: Final = 2500
OPEN_MS: Final = 10_000
"""Longer than a flush of our own takes: a transaction that is open for longer holds readers up."""


class OpenTransaction(NamedTuple):
    """What the readers of a partition wait for. `records`: offsets that they do not get.

    `since_ms`: its begin, real time; of one that no coordinator knows (any more), its newest record.
    """

    topic: str
    partition: int
    records: int
    producer: int
    transactional_id: str
    since_ms: int

    def __str__(self) -> str:
        name = f" ({self.transactional_id})" if self.transactional_id else ""
        return (
            f"{self.topic}/{self.partition} waits for an open transaction of producer {self.producer}{name} "
            f"since {rfc3339(self.since_ms)}: {self.records} offsets cannot be read yet"
        )


class LogState(NamedTuple):
    """`ends`: of the logs, whatever is still uncommitted; `groups`: next offsets of the consumer groups."""

    ends: Offsets
    groups: Offsets
    waits: list[OpenTransaction]


def read_offsets(
    cluster: Cluster, topics: Iterable[str], prefix: str, open_ms: int = OPEN_MS
) -> LogState:
    """The ends of all partitions of `topics`, the next offset in each of the groups whose name begins with
    `prefix` (they share no topic), and the transactions that have been open for longer than `open_ms`.

    Blocks for a few seconds at most. Topics that do not exist are left out.
    Raises `BROKER_ERRORS` if the cluster does not answer.
    """
    with clients.blocking_admin(cluster, _LIMIT_MS) as admin:
        wanted = [
            (topic["name"], partition["partition_index"])
            for topic in admin.describe_topics(list(topics))
            if topic["error_code"] == 0
            for partition in topic["partitions"]
        ]
        ends = read_ends(admin, wanted)
        behind = {
            place: ends.log[place] - offset
            for place, offset in ends.committed.items()
            if offset < ends.log[place]
        }
        before_ms = real_now_ms() - open_ms
        waits = [one for one in _open(admin, behind) if one.since_ms <= before_ms] if behind else []
        groups = [one["group_id"] for one in admin.list_groups()]
        ours = [group for group in groups if group.startswith(prefix)]
        committed = admin.list_group_offsets(ours) if ours else {}
    next_offsets = {
        (at.topic, at.partition): one.offset
        for offsets in committed.values()
        for at, one in offsets.items()
        if one.offset >= 0
    }
    return LogState(ends.log, next_offsets, waits)


def _open(admin: KafkaAdminClient, behind: Offsets) -> Iterator[OpenTransaction]:
    """The first open transaction of each of these partitions."""
    described = admin.describe_producers([TopicPartition(*place) for place in behind])
    first = {
        (at.topic, at.partition): min(
            (one for one in found.active_producers if one.current_transaction_start_offset >= 0),
            key=lambda one: one.current_transaction_start_offset,
            default=None,
        )
        for at, found in described.items()
    }
    begun = _begun(admin, {one.producer_id for one in first.values() if one is not None})
    for place, one in first.items():
        if one is not None:
            name, since_ms = begun.get(one.producer_id, ("", one.last_timestamp))
            yield OpenTransaction(*place, behind[place], one.producer_id, name, since_ms)


def _begun(admin: KafkaAdminClient, producers: set[int]) -> dict[int, tuple[str, int]]:
    """Producer -> name and begin of its transaction, where a coordinator knows it."""
    if not producers:
        return {}
    listed = admin.list_transactions(producer_id_filters=sorted(producers))
    names = [one.transactional_id for some in listed.values() for one in some]
    return {
        one.producer_id: (name, one.transaction_start_time_ms)
        for name, one in (admin.describe_transactions(names) if names else {}).items()
        if one.transaction_start_time_ms >= 0
    }

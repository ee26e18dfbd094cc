"""Where topics end and how far a consumer group has come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.protocol.consumer import IsolationLevel

from chassis.kafka.cluster import Cluster

Offsets = dict[tuple[str, int], int]
"""(topic, partition) -> offset."""

_LIMIT_MS: Final = 2500


def read_offsets(cluster: Cluster, topics: Iterable[str], prefix: str) -> tuple[Offsets, Offsets]:
    """Committed end of every partition of `topics`, and the next offset in each of the groups whose
    name begins with `prefix` (they share no topic).

    Blocks for a few seconds at most. Topics that do not exist are left out.
    Raises `kafka.errors.KafkaError` if the cluster does not answer.
    """
    with KafkaAdminClient(
        **cluster.client(),
        bootstrap_timeout_ms=_LIMIT_MS,
        request_timeout_ms=_LIMIT_MS,
    ) as admin:
        wanted = {
            TopicPartition(topic["name"], partition["partition_index"]): OffsetSpec.LATEST
            for topic in admin.describe_topics(list(topics))
            if topic["error_code"] == 0
            for partition in topic["partitions"]
        }
        found = admin.list_partition_offsets(wanted, IsolationLevel.READ_COMMITTED)
        groups = [one["group_id"] for one in admin.list_groups()]
        ours = [group for group in groups if group.startswith(prefix)]
        held = admin.list_group_offsets(ours) if ours else {}
    ends = {(at.topic, at.partition): end.offset for at, end in sorted(found.items())}
    return ends, {
        (at.topic, at.partition): one.offset
        for offsets in held.values()
        for at, one in offsets.items()
        if one.offset >= 0
    }

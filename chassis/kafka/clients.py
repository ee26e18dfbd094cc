"""The one module that makes clients of Kafka's two libraries: whoever wants another option reads here what all share."""

from __future__ import annotations

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from chassis.kafka.blocking.paced_consumer import PacedConsumer
from chassis.kafka.cluster import Cluster

_FETCH_BYTES: Final = 8 * 1024 * 1024
"""Of one partition: with 1 MiB a take-over of a large state takes twice as long."""
FETCH_WAIT_MS: Final = 50
"""How long the broker keeps a fetch until a record comes. What a reader asks on the same connection waits so long too, and it asks
several times before it has read a partition to its end: with the library's 500 ms taking empty partitions over took 5 s, not 1.
"""
_RECHECK_MS: Final = 2_000
"""How long the library's fetching sleeps until it asks itself whether it missed something; what happens wakes it."""


def async_consumer(cluster: Cluster) -> AIOKafkaConsumer:
    """Reads what is committed, of partitions that it is given: no group, no offsets of its own."""
    return AIOKafkaConsumer(
        **cluster.client(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        consumer_timeout_ms=_RECHECK_MS,
    )


def async_producer(cluster: Cluster, **options: Any) -> AIOKafkaProducer:
    """Its records are acknowledged by all replicas. `options`: what aiokafka calls them."""
    return AIOKafkaProducer(**cluster.client(), acks="all", **options)


def async_admin(cluster: Cluster) -> AIOKafkaAdminClient:
    """Makes and deletes topics."""
    return AIOKafkaAdminClient(**cluster.client(), request_timeout_ms=15_000)


def blocking_admin(cluster: Cluster, answer_ms: int = 30_000) -> KafkaAdminClient:
    """Knows accounts, groups and the ids of topics, which aiokafka's does not. `answer_ms`: how long a question may take."""
    return KafkaAdminClient(
        **cluster.client(), bootstrap_timeout_ms=answer_ms, request_timeout_ms=answer_ms
    )


def _read_committed(cluster: Cluster, options: dict[str, Any]) -> dict[str, Any]:
    ours = {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
    }
    return {**cluster.client(), **ours, **options}


def blocking_consumer(cluster: Cluster, **options: Any) -> KafkaConsumer:
    """As `async_consumer`, for a thread. `options`: what kafka-python calls them; they go before ours."""
    return KafkaConsumer(**_read_committed(cluster, options))


def paced_consumer(cluster: Cluster, **options: Any) -> PacedConsumer:
    """As `blocking_consumer`, for who reads on and on: it fetches as often as there is something to read."""
    return PacedConsumer(**_read_committed(cluster, options))


def blocking_producer(cluster: Cluster, **options: Any) -> KafkaProducer:
    """As `async_producer`, for a thread."""
    return KafkaProducer(**cluster.client(), acks="all", **options)

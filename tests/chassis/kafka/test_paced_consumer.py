"""On a real broker: it fetches rarely while nothing comes, and misses nothing."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaProducer, TopicPartition

from chassis.kafka import clients
from chassis.kafka.admin import ensure_topics
from chassis.kafka.blocking import paced_consumer
from chassis.kafka.blocking.paced_consumer import BUSY_WAIT_MS, PacedConsumer
from chassis.kafka.cluster import Cluster
from contracts.results.topics import Topic

pytestmark = pytest.mark.real

PLACE = TopicPartition("paced", 0)


def waits_ms(consumer: PacedConsumer) -> int:
    found: int = consumer._fetcher.config["fetch_max_wait_ms"]
    return found


def test_a_quiet_log_is_fetched_rarely_and_its_first_record_comes_at_once(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced_consumer, "_QUIET_S", 0.2)
    # Longer than the test's patience: what is read came as soon as it was there.
    monkeypatch.setattr(paced_consumer, "_QUIET_WAIT_MS", 25_000)
    cluster = Cluster(kafka)
    ensure_topics(cluster, [Topic("paced", 1)], 1)
    consumer = clients.paced_consumer(cluster)
    try:
        consumer.assign([PLACE])
        assert waits_ms(consumer) == BUSY_WAIT_MS
        deadline = time.monotonic() + 20
        while waits_ms(consumer) == BUSY_WAIT_MS and time.monotonic() < deadline:
            consumer.poll(100)
        assert waits_ms(consumer) == 25_000
        # The fetch that was sent before is over after this one.
        consumer.poll(2 * BUSY_WAIT_MS)
        with KafkaProducer(bootstrap_servers=kafka) as producer:
            producer.send("paced", b"x", partition=0).get(10)
        found = consumer.poll(15_000)
        assert [one.value for one in found[PLACE]] == [b"x"]
        assert waits_ms(consumer) == BUSY_WAIT_MS
    finally:
        consumer.close()

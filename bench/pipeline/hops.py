"""What has passed each hop: records and bytes of Kafka's topics, rows of ClickHouse."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from kafka import TopicPartition

from chassis.kafka import clients
from chassis.kafka.cluster import Cluster

_COUNTED = ("InsertQuery", "InsertedRows", "InsertedBytes", "MergedRows")


class Hops(NamedTuple):
    """`records`, `bytes`: by topic, transaction markers included; `inserted`: ClickHouse's own counters."""

    records: Counter[str]
    bytes: Counter[str]
    inserted: Counter[str]

    def since(self, before: Hops) -> Hops:
        """What was added."""
        return Hops(*(Counter(now) - then for now, then in zip(self, before, strict=True)))


class HopReader:
    """`kafka`: the folder of the broker's log."""

    def __init__(self, cluster: Cluster, kafka: Path, client: Client) -> None:
        self._kafka, self._client = kafka, client
        self._consumer = clients.blocking_consumer(cluster)

    def read(self) -> Hops:
        """So far."""
        return Hops(self._records(), self._bytes(), self._inserted())

    def _records(self) -> Counter[str]:
        found: Counter[str] = Counter()
        ends: dict[Any, int] = self._consumer.end_offsets(self._partitions())
        for place, end in ends.items():
            found[place.topic] += end
        return found

    def _partitions(self) -> list[TopicPartition]:
        topics = self._consumer.topics()
        return [
            TopicPartition(topic, number)
            for topic in topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]

    def _bytes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for file in self._kafka.glob("*/*.log"):
            found[file.parent.name.rpartition("-")[0]] += file.stat().st_size
        return found

    def _inserted(self) -> Counter[str]:
        rows = self._client.query("SELECT event, value FROM system.events").result_rows
        return Counter({event: value for event, value in rows if event in _COUNTED})

    def close(self) -> None:
        """Ends it."""
        self._consumer.close()
        self._client.close()

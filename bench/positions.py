"""How far stage one and the region have come, read from what they write: a row alone does not say that all are out."""

from __future__ import annotations

from typing import Any

from kafka import TopicPartition

from bench.ground import FEED, Ground
from chassis.kafka import clients
from chassis.kafka.cluster import Cluster
from contracts.results.topics import REGION_STATE, SPPG_EVENTS
from streams.agents.state import POSITION_KEY, decode_position
from streams.core.region_feed import decode_batch


class Positions:
    """How far stage one has come, by input partition, and whether the region has followed."""

    def __init__(self, broker: str) -> None:
        self._reached: dict[str, int] = {}
        self._fed = self._region = 0
        self._consumer = clients.blocking_consumer(Cluster(broker))
        self._consumer.assign([TopicPartition(FEED, 0), TopicPartition(REGION_STATE, 0)])

    def have_reached(self, wanted: dict[str, int]) -> bool:
        """Reads on; whether stage one has come to `wanted`, and the region as far as stage one."""
        while fetched := self._consumer.poll(timeout_ms=200):
            for place, records in fetched.items():
                for record in records:
                    self._note(place.topic, record)
        behind = any(self._reached.get(name, 0) < at for name, at in wanted.items())
        return not behind and self._region > self._fed

    def _note(self, topic: str, record: Any) -> None:
        if topic == FEED:
            batch = decode_batch(record.value)
            self._reached[batch.source] = batch.position
            self._fed = record.offset
        elif record.key == POSITION_KEY:
            self._region = decode_position(record.value).offset

    def close(self) -> None:
        """Ends it."""
        self._consumer.close()


def ends(place: Ground) -> dict[str, int]:
    """Ends of the kitchens' partitions."""
    consumer = clients.blocking_consumer(Cluster(place.broker))
    wanted = [TopicPartition(SPPG_EVENTS, number) for number in range(place.partitions)]
    found = {f"{one.topic}/{one.partition}": at for one, at in consumer.end_offsets(wanted).items()}
    consumer.close()
    return found

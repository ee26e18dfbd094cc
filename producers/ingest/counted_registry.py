"""The registry as its topic has it, with ingest's metrics."""

from __future__ import annotations

from chassis.feeds import registry_feed
from chassis.kafka.cluster import Cluster
from producers.ingest.ingest_metrics import KAFKA_ERRORS, REGISTRY_RECORDS


class CountedRegistryFeed(registry_feed.RegistryFeed):
    """A `RegistryFeed` that counts records and errors in ingest's metrics."""

    def __init__(self, cluster: Cluster, key: bytes) -> None:
        super().__init__(
            cluster,
            key,
            record=lambda what: REGISTRY_RECORDS.labels(what).inc(),
            failed=lambda error: KAFKA_ERRORS.labels(error).inc(),
        )

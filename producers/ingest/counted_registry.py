"""The registry as its topic tells it, with ingest's metrics."""

from __future__ import annotations

from collections.abc import Callable

from chassis.feeds import registry_feed
from chassis.kafka.cluster import Cluster
from producers.ingest.ingest_metrics import KAFKA_ERRORS, REGISTRY_RECORDS


class CountedRegistryFeed(registry_feed.RegistryFeed):
    """A `RegistryFeed` that counts records and errors in ingest's metrics."""

    def __init__(self, cluster: Cluster, key: bytes, changed: Callable[[], None]) -> None:
        super().__init__(
            cluster,
            key,
            changed,
            record=lambda what: REGISTRY_RECORDS.labels(what).inc(),
            failed=lambda error: KAFKA_ERRORS.labels(error).inc(),
        )

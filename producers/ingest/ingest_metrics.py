"""Metrics of ingest (Prometheus, default registry)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "pantau_ingest_requests_total", "POST /v1/events by status of the answer", ("status",)
)
ACCEPTED: Final = Counter("pantau_ingest_events_accepted_total", "Events accepted and on Kafka")
REJECTED: Final = Counter(
    "pantau_ingest_events_rejected_total", "Events refused and among the dead letters", ("code",)
)
TO_ACK: Final = Histogram(
    "pantau_ingest_ack_seconds",
    "From the start of a request to its 202 or 422, Kafka's acknowledgement included",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT: Final = Gauge("pantau_ingest_in_flight_requests", "Requests being answered")
IN_FLIGHT_BYTES: Final = Gauge(
    "pantau_ingest_in_flight_bytes", "Unpacked bodies of the requests being answered"
)
KAFKA_ERRORS: Final = Counter(
    "pantau_ingest_kafka_errors_total", "Failures on the way to Kafka", ("error",)
)
REGISTRY_RECORDS: Final = Counter(
    "pantau_ingest_registry_records_total",
    "Records read from the registry topic: applied, or ignored as not signed or not readable",
    ("outcome",),
)

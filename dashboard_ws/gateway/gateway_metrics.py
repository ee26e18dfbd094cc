"""Metrics of the gateway, one name each."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CLIENTS: Final = Gauge("pantau_gateway_clients", "Open connections", ("transport",))
FRAMES: Final = Counter("pantau_gateway_frames", "Frames sent", ("op",))
BYTES: Final = Counter("pantau_gateway_bytes", "Bytes of frames sent", ("transport",))
FLUSH: Final = Histogram(
    "pantau_gateway_flush_seconds",
    "From an update being due to its last frame being handed to a socket: of one client, or of all that were handed it at once",
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 15),
)
CONFLATED: Final = Counter(
    "pantau_gateway_conflated_frames", "Stream frames that reached a client within a later one"
)
RESUMES: Final = Counter("pantau_gateway_resumes", "Answers to subscribe", ("how",))
EVICTED: Final = Counter("pantau_gateway_evicted", "Connections closed by the gateway", ("code",))
BUFFER: Final = Gauge("pantau_gateway_buffer_bytes", "Bytes that clients have not taken yet")
LAG: Final = Gauge(
    "pantau_gateway_live_lag_seconds", "Age of the newest frame, at the moment of the scrape"
)
ROWS: Final = Gauge("pantau_gateway_rows", "Rows of the live map", ("region",))
BAD_RECORDS: Final = Counter("pantau_gateway_bad_records", "Records of live left out as damaged")


@cache
def frames_of(op: str) -> Counter:
    """`FRAMES` of one op: finding it by its label takes longer than counting."""
    return FRAMES.labels(op)


@cache
def bytes_of(transport: str) -> Counter:
    """The same of `BYTES`."""
    return BYTES.labels(transport)

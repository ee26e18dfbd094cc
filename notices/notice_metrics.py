"""What the notices count for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

NOTICES: Final = Counter("pantau_notices", "Messages to people, before they go out by channels")
DELIVERIES: Final = Counter(
    "pantau_notices_deliveries",
    "Attempts by what became of them: delivered, put off, failed",
    ["channel", "outcome"],
)
PENDING: Final = Gauge("pantau_notices_pending", "Deliveries that are not through yet")
OLDEST: Final = Gauge(
    "pantau_notices_oldest_pending_seconds", "Age of the oldest of them; 0: there is none"
)
PEOPLE: Final = Gauge("pantau_notices_people", "People that may be written to")
UNREADABLE_LINES: Final = Counter(
    "pantau_notices_unreadable_lines", "Lines of the topic alerts that are no change of an alert"
)
LAG: Final = Gauge(
    "pantau_notices_lag_records", "Records of the topic alerts that are not read yet", ["partition"]
)

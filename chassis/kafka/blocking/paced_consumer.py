"""A consumer that asks the broker as often as there is something to read."""

from __future__ import annotations

import time
from typing import Any, Final

from kafka import KafkaConsumer

BUSY_WAIT_MS: Final = 500
_BUSY_BYTES: Final = 256 * 1024
"""While records come the broker waits for so many bytes, `BUSY_WAIT_MS` at most: a fetch for each flush of the streams would cost both
sides more than its rows."""
_QUIET_S: Final = 1.0
_QUIET_WAIT_MS: Final = 10_000
"""Once nothing has come for `_QUIET_S` the broker keeps a fetch for so long, and the first record ends it. Commits have a
connection of their own, they do not wait behind it."""


class PacedConsumer(KafkaConsumer):  # type: ignore[misc]
    """See the module."""

    def __init__(self, *topics: str, **configs: Any) -> None:
        super().__init__(
            *topics, fetch_max_wait_ms=BUSY_WAIT_MS, fetch_min_bytes=_BUSY_BYTES, **configs
        )
        self._came_at = time.monotonic()

    def poll(
        self, timeout_ms: int = 0, max_records: int | None = None, update_offsets: bool = True
    ) -> Any:
        """As the library's."""
        records = super().poll(timeout_ms, max_records, update_offsets)
        now = time.monotonic()
        if records:
            self._came_at = now
        is_quiet = now - self._came_at > _QUIET_S
        # The library reads both before each fetch.
        config = self._fetcher.config
        config["fetch_max_wait_ms"] = _QUIET_WAIT_MS if is_quiet else BUSY_WAIT_MS
        config["fetch_min_bytes"] = 1 if is_quiet else _BUSY_BYTES
        return records

"""The revoked tokens as their topic tells them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import msgspec

from chassis import logs
from chassis.feeds.control_topic import follow_topic, keep_following
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import LogRecord
from contracts.results.topics import REVOCATION, REVOCATIONS, control_of
from contracts.revocations import Revocation, Revocations
from contracts.unreadable import UNREADABLE

_log = logs.get(__name__)


class RevocationFeed:
    """Keeps `revoked` up to date, some 500 ms behind the topic. `changed` is called when `is_loaded` becomes true."""

    def __init__(
        self, cluster: Cluster, key: bytes, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._cluster = cluster
        self._key = key
        self._changed = changed
        self.revoked = Revocations()
        self.is_loaded = False
        """Until then a token that was revoked would be taken."""

    async def run(self) -> None:
        """Follow the topic until cancelled. What was read stays in force while Kafka is away."""
        await keep_following(self._follow, self._failed_to_read)

    def _failed_to_read(self, error: Exception) -> None:
        _log.warning("revocations not readable", error=str(error))

    async def _follow(self) -> None:
        async with aclosing(follow_topic(self._cluster, REVOCATIONS)) as polls:
            async for records, caught_up in polls:
                for record in records:
                    self._apply(record)
                if caught_up and not self.is_loaded:
                    self.is_loaded = True
                    self._changed()

    def _apply(self, record: LogRecord) -> None:
        if control_of(self._key, record) != REVOCATION:
            _log.warning(
                "revocation ignored: not signed by this installation", offset=record.offset
            )
            return
        try:
            self.revoked.add(msgspec.json.decode(record.value or b"", type=Revocation))
        except UNREADABLE:
            _log.warning("revocation ignored: not readable", offset=record.offset)

"""The registry as its topic tells it: read to the end at the start, followed from then on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from chassis import logs
from chassis.feeds.control_topic import follow_topic, keep_following
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import LogRecord
from contracts.registry.entities import RegionRegistry, Registry
from contracts.results.topics import (
    REGISTRY,
    REGISTRY_CHANGE,
    control_of,
)
from contracts.unreadable import UNREADABLE

_log = logs.get(__name__)


class RegistryFeed:
    """Holds the newest registry.

    For a service's metrics: `record` is called with each record, "applied" or "ignored"; `failed` the
    name of each error on the way to Kafka.
    """

    def __init__(
        self,
        cluster: Cluster,
        key: bytes,
        record: Callable[[str], None] = lambda _: None,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._key = key
        self._record = record
        self._failed = failed
        self._regions: dict[str, RegionRegistry] = {}
        self.registry: Registry | None = None
        """None until the topic was read to its end and had a region."""

    async def run(self) -> None:
        """Follow the topic until cancelled. What was read stays in force while Kafka is away."""
        await keep_following(self._follow, self._failed_to_read)

    def _failed_to_read(self, error: Exception) -> None:
        self._failed(type(error).__name__)
        _log.warning("registry topic not readable", error=str(error))

    async def _follow(self) -> None:
        is_shown = False
        async with aclosing(follow_topic(self._cluster, REGISTRY)) as polls:
            async for records, caught_up in polls:
                applied = [self._apply(record) for record in records]
                if caught_up and (any(applied) or not is_shown):
                    is_shown = True
                    self._publish()

    def _apply(self, record: LogRecord) -> bool:
        """True if the record is one of ours and holds something new."""
        if control_of(self._key, record) != REGISTRY_CHANGE:
            return self._ignored(record.offset, "not signed by this installation")
        try:
            region = RegionRegistry.decode(record.value or b"")
        except UNREADABLE as error:
            return self._ignored(record.offset, f"not readable: {error}")
        self._record("applied")
        code = region.region.code
        if self._regions.get(code) == region:
            return False
        self._regions[code] = region
        return True

    def _ignored(self, offset: int, reason: str) -> bool:
        self._record("ignored")
        _log.warning("registry record ignored", offset=offset, reason=reason)
        return False

    def _publish(self) -> None:
        if not self._regions:
            _log.warning("the registry topic holds no region yet")
            return
        try:
            self.registry = Registry(self._regions.values())
        except ValueError as error:
            # The regions before the change stay in force: better than none.
            _log.error("registry not usable", error=str(error))
            return
        _log.info("registry in force", regions=list(self.registry.codes))

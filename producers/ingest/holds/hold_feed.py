"""The holds that stand, as topic `commands` says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from chassis import logs
from chassis.feeds.control_topic import keep_following
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import LogRecord, Place
from chassis.kafka.log import KafkaAccess
from contracts.commands import decode_command
from contracts.results.topics import COMMAND, COMMANDS, control_of
from contracts.time.clock import Clock
from contracts.unreadable import UNREADABLE
from producers.ingest.holds.standing_holds import StandingHolds
from producers.ingest.ingest_metrics import KAFKA_ERRORS

_log = logs.get(__name__)


class HoldFeed:
    """Keeps `holds` up to date, some 500 ms behind the topic. What was read stands while Kafka is away."""

    def __init__(self, cluster: Cluster, key: bytes, clock: Clock) -> None:
        self._cluster = cluster
        self._key = key
        self._clock = clock
        self.holds = StandingHolds()
        self.is_loaded = False
        """Until then a hold that stands may not be known."""

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        await keep_following(self._follow, self._failed_to_read)

    def _failed_to_read(self, error: Exception) -> None:
        KAFKA_ERRORS.labels(type(error).__name__).inc()
        _log.warning("commands not readable", error=str(error))

    async def _follow(self) -> None:
        # From the beginning again after a lost connection: what comes twice changes nothing, but a lifted hold would be back.
        holds = StandingHolds()
        async with KafkaAccess(self._cluster).reader() as reader:
            places = [
                Place(COMMANDS, number) for number in range(await reader.partitions(COMMANDS))
            ]
            async with aclosing(reader.follow(places)) as polls:
                async for records, is_caught_up in polls:
                    self._apply(holds, records)
                    if is_caught_up:
                        self.holds, self.is_loaded = holds, True

    def _apply(self, holds: StandingHolds, records: Sequence[LogRecord]) -> None:
        for record in records:
            if control_of(self._key, record) != COMMAND:
                _log.warning("command ignored: not signed here", offset=record.offset)
                continue
            try:
                holds.take(decode_command(record.value or b""), self._clock.at(record.timestamp))
            except UNREADABLE:
                _log.warning("command ignored: not readable", offset=record.offset)

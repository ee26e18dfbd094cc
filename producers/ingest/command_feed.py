"""The holds and the returned reports that stand, as topic `commands` says."""

from __future__ import annotations

from contextlib import aclosing

from chassis import logs
from chassis.feeds.control_topic import keep_following
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import LogRecord, Place
from chassis.kafka.log import KafkaAccess
from contracts.commands import OnReport, decode_command
from contracts.results.topics import COMMAND, COMMANDS, control_of
from contracts.time.clock import Clock
from contracts.unreadable import UNREADABLE
from producers.ingest.holds.standing_holds import StandingHolds
from producers.ingest.ingest_metrics import KAFKA_ERRORS
from producers.ingest.returned.standing_returns import StandingReturns

_log = logs.get(__name__)


class CommandFeed:
    """Keeps `holds` and `returns` up to date, some 500 ms behind the topic. What was read stands while Kafka is away."""

    def __init__(self, cluster: Cluster, key: bytes, clock: Clock) -> None:
        self._cluster = cluster
        self._key = key
        self._clock = clock
        self.holds = StandingHolds()
        self.returns = StandingReturns()
        self.is_loaded = False
        """Until then something that stands may not be known."""

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        await keep_following(self._follow, self._failed_to_read)

    def _failed_to_read(self, error: Exception) -> None:
        KAFKA_ERRORS.labels(type(error).__name__).inc()
        _log.warning("commands not readable", error=str(error))

    async def _follow(self) -> None:
        # From the beginning again after a lost connection: what comes twice changes nothing, but a lifted hold would be back.
        holds, returns = StandingHolds(), StandingReturns()
        async with KafkaAccess(self._cluster).reader() as reader:
            places = [
                Place(COMMANDS, number) for number in range(await reader.partitions(COMMANDS))
            ]
            async with aclosing(reader.follow(places)) as polls:
                async for records, is_caught_up in polls:
                    for record in records:
                        self._apply(record, holds, returns)
                    if is_caught_up:
                        self.holds, self.returns, self.is_loaded = holds, returns, True

    def _apply(self, record: LogRecord, holds: StandingHolds, returns: StandingReturns) -> None:
        if control_of(self._key, record) != COMMAND:
            _log.warning("command ignored: not signed here", offset=record.offset)
            return
        try:
            command = decode_command(record.value or b"")
        except UNREADABLE:
            _log.warning("command ignored: not readable", offset=record.offset)
            return
        at_ms = self._clock.at(record.timestamp)
        if isinstance(command, OnReport):
            returns.take(command, at_ms)
        else:
            holds.take(command, at_ms)

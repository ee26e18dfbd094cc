"""The dead letters of all sources, as topic `dead.letters` says."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

import msgspec

from chassis import logs
from chassis.feeds.control_topic import follow_topic, keep_following
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import ConsumedRecord
from contracts.events.lines import split
from contracts.results.table_rows import DeadLetterRow, LetterActionRow
from contracts.results.topics import DEAD_LETTERS, TABLE_HEADER
from contracts.unreadable import UNREADABLE
from producers.ingest.ingest_metrics import KAFKA_ERRORS
from producers.ingest.rejected.source_letters import LetterPlace, SourceLetters

_letter: Final = msgspec.json.Decoder(DeadLetterRow)
_action: Final = msgspec.json.Decoder(LetterActionRow)

_log = logs.get(__name__)


class LetterFeed:
    """Keeps `letters` up to date, some 500 ms behind the topic. What was read stands while Kafka is away."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.letters = SourceLetters()
        self.is_loaded = False
        """Until then a source with letters may seem to have none."""

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        await keep_following(self._follow, self._failed_to_read)

    def _failed_to_read(self, error: Exception) -> None:
        KAFKA_ERRORS.labels(type(error).__name__).inc()
        _log.warning("dead letters not readable", error=str(error))

    async def _follow(self) -> None:
        letters = SourceLetters()
        async with aclosing(follow_topic(self._cluster, DEAD_LETTERS)) as polls:
            async for records, is_caught_up in polls:
                for record in records:
                    take_record(letters, record)
                    # Ninety days of letters are read at the start: events are taken meanwhile.
                    await asyncio.sleep(0)
                if is_caught_up:
                    self.letters, self.is_loaded = letters, True


def take_record(letters: SourceLetters, record: ConsumedRecord) -> None:
    """Its lines, one by one: one that cannot be read hides no other."""
    table = dict(record.headers).get(TABLE_HEADER)
    for number, line in enumerate(split(record.value or b"")):
        try:
            if table == b"dead_letters":
                letters.take(_letter.decode(line), LetterPlace(record.offset, number))
            elif table == b"letter_actions":
                letters.act(_action.decode(line))
        except UNREADABLE:
            _log.warning("dead letter ignored: not readable", offset=record.offset, line=number)

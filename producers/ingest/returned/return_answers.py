"""What answers a returned report: an event of its source that was taken and names it in `supersedes`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from chassis import logs
from chassis.feeds.command_record import command_record
from chassis.http.gate import unavailable
from contracts.commands import AnswerReturn
from contracts.results.topics import COMMANDS
from contracts.time.clock import Clock
from producers.ingest.command_feed import CommandFeed
from producers.ingest.sending.link import KafkaLink


class _Correction(msgspec.Struct):
    id: str
    supersedes: str | None = None


_decoder: Final = msgspec.json.Decoder(_Correction)
_NAMES: Final = b'"supersedes"'
_log = logs.get("ingest.returned")


class ReturnAnswers:
    """Notes answers on topic `commands` before the sender has its 202: without one it sends the same event again."""

    def __init__(self, key: bytes, clock: Clock, link: KafkaLink, feed: CommandFeed) -> None:
        self._key = key
        self._clock = clock
        self._link = link
        self._feed = feed

    async def note(self, unit: str, region: str, accepted: Mapping[str, Sequence[bytes]]) -> None:
        """`accepted`: lines of `unit` that Kafka has, by topic. Raises `KafkaUnavailableError`, `Problem` (503)."""
        if not self._feed.is_loaded:
            if any(_NAMES in line for lines in accepted.values() for line in lines):
                raise unavailable("The returned reports are not loaded yet.")
            return
        standing = self._feed.returns.of(unit, self._clock.now_ms())
        if not standing:
            return
        answers = [
            _answer(unit, region, one.supersedes, one.id)
            for one in _corrections(accepted)
            if one.supersedes in standing
        ]
        if answers:
            partitions = self._link.partitions(COMMANDS)
            await self._link.write([command_record(self._key, one, partitions) for one in answers])
        for one in answers:
            # The feed reads it too, but later than the sender may ask what is left.
            self._feed.returns.take(one, self._clock.now_ms())
            _log.info("a returned report is answered", about=one.about, id=one.id)


def _corrections(accepted: Mapping[str, Sequence[bytes]]) -> Iterator[_Correction]:
    for lines in accepted.values():
        yield from (_decoder.decode(line) for line in lines if _NAMES in line)


def _answer(unit: str, region: str, event: str, answer: str) -> AnswerReturn:
    """The same id however often the event is sent: it counts once."""
    identity = hashlib.sha256(f"{unit}\0{event}\0{answer}".encode()).hexdigest()[:32]
    return AnswerReturn(
        id=identity, region=region, by=unit, note="", unit=unit, event=event, answer=answer
    )

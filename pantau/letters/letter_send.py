"""Sends letters' lines again and notes what was done, each batch in one transaction: both are there, or neither.

A reader of the event topics sees no line that is not on record, and a command that is killed leaves nothing half done.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaProducer

from chassis.clocks import load_clock, secret_key
from chassis.kafka import clients
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import BROKER_ERRORS
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.events.lines import pack
from contracts.registry.entities import Registry
from contracts.results.table_rows import LetterActionRow, encode_row
from contracts.results.topics import (
    DEAD_LETTERS,
    EVENT_TOPICS,
    MAX_RECORD_BYTES,
    TABLE_HEADER,
)
from contracts.time.clock import rfc3339
from pantau.letters.letter_store import StoredLetter
from pantau.letters.retry_plan import NoRetry, PlannedRetry, plan
from pantau.registry_publish import published

_Given = TypeVar("_Given")
TRANSACTIONAL_ID: Final = "pantau.letters"
_BATCH: Final = 500
_LETTER_REQUEST_BYTES: Final = MAX_RECORD_BYTES + 48_576
_HEADERS: Final = [(TABLE_HEADER, b"letter_actions")]


@dataclass(frozen=True, slots=True)
class Operator:
    """Who does it, and why."""

    name: str
    reason: str


def plan_all(settings: Settings, letters: Sequence[StoredLetter]) -> list[PlannedRetry | NoRetry]:
    """What a retry of `letters` would do now. Raises `OperatorError` if Kafka does not answer."""

    async def planned() -> list[PlannedRetry | NoRetry]:
        cluster = cluster_of(settings, "operator")
        registry = Registry((await published(cluster, secret_key(settings))).values())
        counts = dict.fromkeys(EVENT_TOPICS, settings.partitions)
        now_ms = load_clock(settings).now_ms()
        return [plan(one, registry, counts, now_ms) for one in letters]

    return _run(settings, planned())


def retry(settings: Settings, planned: Sequence[PlannedRetry], by: Operator) -> None:
    """Send the lines of `planned`, in order. Raises `OperatorError`: of the batch that failed nothing was sent."""
    _run(settings, _retry(settings, planned, by))


def discard(settings: Settings, letters: Sequence[StoredLetter], by: Operator) -> None:
    """Note that nobody is to mend `letters`. Raises `OperatorError`."""
    _run(settings, _discard(settings, letters, by))


def _run(settings: Settings, work: Coroutine[Any, Any, _Given]) -> _Given:
    try:
        return asyncio.run(work)
    except BROKER_ERRORS as error:
        raise OperatorError(
            f"Kafka at {settings.broker} did not take it ({error or type(error).__name__}): nothing of the last batch "
            "is sent or noted; see `pantau status`, then do the same again"
        ) from None


@asynccontextmanager
async def _transactions(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    # Not the `TransactionalWriter`: what is noted holds the offsets of what the same transaction sent.
    producer = clients.async_producer(
        cluster_of(settings, "operator"),
        transactional_id=TRANSACTIONAL_ID,
        max_request_size=_LETTER_REQUEST_BYTES,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def _retry(settings: Settings, planned: Sequence[PlannedRetry], by: Operator) -> None:
    clock = load_clock(settings)
    async with _transactions(settings) as producer:
        for start in range(0, len(planned), _BATCH):
            batch = planned[start : start + _BATCH]
            async with producer.transaction():
                sent = [
                    await producer.send(one.topic, one.letter.content, one.key, one.partition)
                    for one in batch
                ]
                places = [await one for one in sent]
                at = rfc3339(clock.now_ms())
                rows = [
                    _row(one.letter, by, at, "retry", one.letter.attempts + 1, (one.topic, one.partition, place.offset))
                    for one, place in zip(batch, places, strict=True)
                ]  # fmt: skip
                await _note(producer, rows)


async def _discard(settings: Settings, letters: Sequence[StoredLetter], by: Operator) -> None:
    at = rfc3339(load_clock(settings).now_ms())
    async with _transactions(settings) as producer, producer.transaction():
        await _note(producer, [_row(one, by, at, "discard", 0, ("", -1, -1)) for one in letters])


async def _note(producer: AIOKafkaProducer, rows: Sequence[LetterActionRow]) -> None:
    for value in pack([encode_row(row) for row in rows]):
        await producer.send_and_wait(DEAD_LETTERS, value, partition=0, headers=_HEADERS)


def _row(
    letter: StoredLetter,
    by: Operator,
    at: str,
    action: str,
    attempt: int,
    place: tuple[str, int, int],
) -> LetterActionRow:
    topic, partition, offset = place
    return LetterActionRow(
        letter_id=letter.letter_id,
        action_id=secrets.token_hex(16),
        region=letter.region,
        unit_id=letter.unit_id,
        at=at,
        action=action,
        attempt=attempt,
        by=by.name,
        reason=by.reason,
        topic=topic,
        partition=partition,
        offset=offset,
    )

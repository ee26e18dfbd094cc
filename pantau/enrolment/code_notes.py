"""The record of codes for phones on Kafka: written by the command that makes them, read with what ingest adds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from chassis import logs
from chassis.clocks import secret_key
from chassis.feeds.enrolment_record import enrolment_record
from chassis.kafka.cluster import Cluster, cluster_of
from chassis.kafka.interface import BROKER_ERRORS, Broker, LogReader, LogRecord, Place
from chassis.kafka.log import KafkaAccess
from chassis.kafka.sending import KafkaSender
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.enrolments import CodeMade, EnrolmentRecord, enrolment_decoder
from contracts.results.topics import (
    ENROLMENT,
    ENROLMENTS,
    REVOCATION,
    REVOCATIONS,
    control_of,
)
from contracts.revocations import Revocation, Revocations
from contracts.tokens import Claims
from contracts.unreadable import UNREADABLE

_log = logs.get(__name__)
_revocation: Final = msgspec.json.Decoder(Revocation)
_Of = TypeVar("_Of")


def note_codes(settings: Settings, codes: Sequence[Claims]) -> str:
    """Note that these codes or links were made, before they are handed out. Gives a sentence if it could not be done, else ''.

    One that is not noted works: who stands beside a phone should not wait for Kafka.
    """
    made = [CodeMade(one.sub, one.jti, one.made_ms, (one.exp or 0) * 1000) for one in codes]
    try:
        asyncio.run(_send(cluster_of(settings, "operator"), secret_key(settings), made))
    except BROKER_ERRORS as error:
        reason = error or type(error).__name__
        return f"It works, but `pantau device funnel` will not know of it: Kafka at {settings.broker} did not note it ({reason})"
    return ""


async def _send(cluster: Cluster, key: bytes, made: Iterable[CodeMade]) -> None:
    sender = KafkaSender(cluster, ack_s=10)
    try:
        await sender.open()
        await sender.send(enrolment_record(key, one) for one in made)
    finally:
        await sender.close()


class CodeNotes(msgspec.Struct):
    """All that is noted of codes, in no order, and what was revoked."""

    records: list[EnrolmentRecord]
    revoked: Revocations


def read_notes(settings: Settings) -> CodeNotes:
    """What is noted until now. Raises `OperatorError` if Kafka does not say."""
    broker = KafkaAccess(cluster_of(settings, "operator"))
    try:
        return asyncio.run(notes_on(broker, secret_key(settings)))
    except BROKER_ERRORS as error:
        reason = f"{error or type(error).__name__}"
        raise OperatorError(f"Kafka at {settings.broker} cannot be read: {reason}") from None


async def notes_on(broker: Broker, key: bytes) -> CodeNotes:
    """What `broker` holds, signed by `key`. Raises `BROKER_ERRORS`."""
    found = CodeNotes([], Revocations())
    async with broker.reader() as reader:
        async for record in _records(reader, ENROLMENTS):
            if one := _decoded(enrolment_decoder, _signed(key, record, ENROLMENT)):
                found.records.append(one)
        async for record in _records(reader, REVOCATIONS):
            if void := _decoded(_revocation, _signed(key, record, REVOCATION)):
                found.revoked.add(void)
    return found


async def _records(reader: LogReader, topic: str) -> AsyncIterator[LogRecord]:
    async for records in reader.read_to_end(Place(topic, 0)):
        for record in records:
            yield record


def _signed(key: bytes, record: LogRecord, kind: str) -> bytes:
    """The value of a record of `kind` that is ours, else nothing: a stranger's is ignored, as services do."""
    return record.value or b"" if control_of(key, record) == kind else b""


def _decoded(decoder: msgspec.json.Decoder[_Of], value: bytes) -> _Of | None:
    try:
        return decoder.decode(value)
    except UNREADABLE:
        _log.warning("record ignored: not readable, or not signed by this installation")
        return None

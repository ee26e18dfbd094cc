"""What is noted of codes, read back: ours alone, and nothing stops at what a stranger wrote."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from chassis.feeds.enrolment_record import enrolment_record
from chassis.kafka.interface import OutgoingRecord
from chassis.kafka.memory.memory_broker import MemoryBroker
from contracts.enrolments import CodeMade, CodeUsed
from contracts.results.topics import (
    ENROLMENT,
    ENROLMENTS,
    REVOCATION,
    REVOCATIONS,
    Topic,
    control_headers,
)
from contracts.revocations import Revocation
from contracts.tokens import Claims, TokenError
from pantau.enrolment.code_notes import CodeNotes, notes_on
from tests.hostile import DEEP

KEY, STRANGER = b"k" * 32, b"s" * 32
MADE, USED = CodeMade("SPPG-1", "a", 1, 2), CodeUsed("SPPG-1", "a", 2)


def read(*records: OutgoingRecord) -> CodeNotes:
    async def work() -> CodeNotes:
        broker = MemoryBroker([Topic(ENROLMENTS, 1), Topic(REVOCATIONS, 1)])
        writer = broker.writer("test")
        await writer.open()
        await writer.send(records)
        return await notes_on(broker, KEY)

    return asyncio.run(work())


def signed(topic: str, kind: str, value: bytes, key: bytes = KEY) -> OutgoingRecord:
    return OutgoingRecord(topic, value, b"k", 0, control_headers(key, kind, topic, 0, value))


def test_ours_are_read_and_a_strangers_are_not() -> None:
    void = msgspec.json.encode(Revocation("device", "SPPG-1", 5))
    other = msgspec.json.encode(Revocation("device", "x", 9))
    found = read(
        enrolment_record(STRANGER, USED),
        OutgoingRecord(ENROLMENTS, msgspec.json.encode(USED), b"k", 0),
        OutgoingRecord(ENROLMENTS, None, b"k", 0),
        *(signed(ENROLMENTS, ENROLMENT, value) for value in (b"\xff", DEEP, b"{}", void)),
        enrolment_record(KEY, MADE),
        enrolment_record(KEY, USED),
        signed(REVOCATIONS, REVOCATION, b"\xff"),
        signed(REVOCATIONS, REVOCATION, void),
        signed(REVOCATIONS, REVOCATION, other, STRANGER),
    )
    assert found.records == [MADE, USED]
    with pytest.raises(TokenError):
        found.revoked.check(Claims("device", "SPPG-1", "", made_ms=5))
    found.revoked.check(Claims("device", "x", "", made_ms=5))


def test_the_record_of_a_code_is_one_and_holds_no_code() -> None:
    made, used = enrolment_record(KEY, MADE), enrolment_record(KEY, USED)
    assert {made.key, used.key} == {b"made/SPPG-1/a", b"used/SPPG-1/a"}
    assert b"p1." not in (made.value or b"") + (used.value or b"")

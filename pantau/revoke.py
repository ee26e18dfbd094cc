"""Makes tokens void: a signed record that every service reads within a second or so."""

from __future__ import annotations

import asyncio

import msgspec

from chassis.clocks import secret_key
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import BROKER_ERRORS, OutgoingRecord
from chassis.kafka.sending import KafkaSender
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.results.topics import REVOCATION, REVOCATIONS, control_headers
from contracts.revocations import Revocation
from contracts.time.clock import real_now_ms
from contracts.tokens import TokenKind


def revoke(settings: Settings, kind: TokenKind, sub: str) -> None:
    """All tokens of `kind` and `sub` made until now are void once this returns. Raises `OperatorError`."""
    one = Revocation(kind, sub, real_now_ms())
    try:
        asyncio.run(_send(settings, one))
    except BROKER_ERRORS as error:
        raise OperatorError(
            f"nothing is revoked: Kafka at {settings.broker} did not take it ({error or type(error).__name__})"
        ) from None


async def _send(settings: Settings, one: Revocation) -> None:
    value = msgspec.json.encode(one)
    headers = control_headers(secret_key(settings), REVOCATION, REVOCATIONS, 0, value)
    sender = KafkaSender(cluster_of(settings, "operator"))
    try:
        await sender.open()
        await sender.send([OutgoingRecord(REVOCATIONS, value, one.record_key, 0, headers)])
    finally:
        await sender.close()

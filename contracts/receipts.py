"""Receipts: what one answer of ingest acknowledged, as a signed text that holds all that is needed to follow it.

A receipt is `r1.<payload>.<mac>` (`contracts.signed_text`); nothing is stored.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.signed_text import SignatureError, sign, unsigned

_PREFIX: Final = "r1"


class RecordPlace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record on Kafka, and by that all before it in its partition."""

    topic: str
    partition: int
    offset: int


class Receipt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an answer acknowledged.

    `source`: unit or recipient of the token; `region`: its region, empty where none knows it; `events`, `letters`: the last
    records that hold its accepted events and its dead letters; `due_ms`: the region's clock from which all windows of the
    events that begin with them are due, epoch ms; `made_ms`: when, epoch ms of real time.
    """

    source: str
    region: str
    events: tuple[RecordPlace, ...]
    letters: tuple[RecordPlace, ...]
    due_ms: int
    made_ms: int


class ReceiptState(msgspec.Struct, frozen=True):
    """How far everything that a receipt stands for has come: the answer of `GET /v1/receipts/{receipt}`.

    `stored`: on Kafka; `windows`: in all windows that are due; `clickhouse`: a query shows it; `walls`: connected walls that
    were sent it.
    """

    stored: bool
    windows: bool
    clickhouse: bool
    walls: int


class RecentReceipt(msgspec.Struct, frozen=True):
    """One of the newest receipts of an ingest. `made_ms`: as in `Receipt`."""

    source: str
    made_ms: int
    state: ReceiptState


class ReceiptError(ValueError):
    """The text is no receipt of this installation."""


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Receipt).decode


def receipt_text(key: bytes, receipt: Receipt) -> str:
    """The receipt as a device gets it."""
    return sign(key, _PREFIX, _encode(receipt))


def read_receipt(key: bytes, text: str) -> Receipt:
    """What a receipt says. Raises `ReceiptError`."""
    try:
        return _decode(unsigned(key, _PREFIX, text))
    except (SignatureError, msgspec.DecodeError):
        raise ReceiptError("no receipt of this installation") from None

"""Are two copies of an event equal? A digest that says so, and the stamp that does not change it."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Final

import msgspec

from contracts.events import TYPE_OF, Event

DIGEST_BYTES: Final = 12

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_MINUS_ZERO: Final = re.compile(rb"-0\.0(?![0-9])")


def digest(event: Event) -> bytes:
    """12 bytes that are the same for events equal in type, subject, supersedes, data as JSON values, and instant (to the millisecond), and differ otherwise."""
    content = _ENCODER.encode(
        (TYPE_OF[type(event)], event.subject, event.supersedes, event.time_ms, event.data)
    )
    if b"-0.0" in content and _MINUS_ZERO.search(content):
        content = _ENCODER.encode(_without_minus_zero(msgspec.json.decode(content)))
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _without_minus_zero(thing: Any) -> Any:
    """-0.0 is the number 0.0. The order of names stays."""
    if isinstance(thing, list):
        return [_without_minus_zero(item) for item in thing]
    if isinstance(thing, dict):
        return {name: _without_minus_zero(value) for name, value in thing.items()}
    return 0.0 if isinstance(thing, float) and thing == 0 else thing


def stamp(line: bytes, received: str) -> bytes:
    """`line` (a JSON object) with the attribute `receivedtime` set to `received` (RFC 3339), as one line without a newline; all other values stay as written.

    Raises `ValueError` (msgspec's) if `line` is no JSON object.
    """
    attribute = b'"receivedtime":' + msgspec.json.encode(received)
    plain = b"\n" not in line and b"\r" not in line and b"\\" not in line
    if plain and line.endswith((b'"}', b"}}")) and b"receivedtime" not in line:
        return line[:-1] + b"," + attribute + b"}"
    attributes = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    attributes["receivedtime"] = msgspec.Raw(msgspec.json.encode(received))
    return msgspec.json.format(msgspec.json.encode(attributes), indent=-1)

"""Are two copies of an event equal? A digest to compare, and the stamp that leaves it alone."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from contracts.events.data_structs import Data
from contracts.events.event_types import TYPE_OF, Event

DIGEST_BYTES: Final = 12

_NEWLINE_TO_SPACE: Final = bytes.maketrans(b"\r\n", b"  ")
_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_MINUS_ZERO: Final = b"\xcb\x80" + bytes(7)
"""-0.0 in MessagePack; its second byte is rare, and quick to find."""


def digest(event: Event) -> bytes:
    """12 bytes, the same for equal events and for them alone.

    Equal: type, subject, supersedes, data as JSON values, and the instant to the millisecond.
    """
    content = (TYPE_OF[type(event)], event.subject, event.supersedes, event.time_ms, event.data)
    encoded = _ENCODER.encode(content)
    if 0x80 in encoded and _MINUS_ZERO in encoded:
        _drop_sign_of_zero(event.data)
        encoded = _ENCODER.encode(content)
    return blake2b(encoded).digest()[:DIGEST_BYTES]


def _drop_sign_of_zero(data: Data) -> None:
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if isinstance(value, float) and value == 0:
            setattr(data, name, 0.0)


def stamp(line: bytes, received: str) -> bytes:
    """`line` with the attribute `receivedtime` set to `received` (RFC 3339), without a newline.

    All other values stay as written. `line` must be an event that `contracts.events.decode` has taken.
    """
    flat = line.strip()
    if b"\n" in flat or b"\r" in flat:
        # A raw newline stands only between JSON tokens, where a space does as well.
        flat = flat.translate(_NEWLINE_TO_SPACE)
    if b"\\" not in flat and b"receivedtime" not in flat:
        return b'%b,"receivedtime":"%b"}' % (flat[:-1], received.encode())
    attributes = msgspec.json.decode(flat, type=dict[str, msgspec.Raw])
    attributes["receivedtime"] = msgspec.Raw(msgspec.json.encode(received))
    return msgspec.json.encode(attributes)

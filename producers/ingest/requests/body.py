"""A request's body: media type, coding, limits, and the events it holds.

Reads no more than the limit, packed or not.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from chassis.http.problems import Problem

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
"""Greatest body, unpacked."""
_SMALL_BYTES: Final = 4096
MAX_EVENTS: Final = 10_000
MEDIA_TYPES: Final[dict[str, Literal["event", "batch", "lines"]]] = {
    "application/cloudevents+json": "event",
    "application/cloudevents-batch+json": "batch",
    "application/x-ndjson": "lines",
}
GZIP_OVERHEAD: Final = 64 * 1024
"""What gzip may add to bytes that do not compress."""
_MAX_MEMBERS: Final = 100
"""Members of one gzip body: thousands of empty ones would cost time and hold nothing."""
BODY_S: Final = 120.0
"""A body has so long to arrive: 8 MiB over a line of 0.6 Mbit/s."""
_COMMAS: Final = 100
"""Of an event on the average: an array with more is not taken apart to count its items."""
_BLANKS: Final = b" \t\r\n"
_GZIP_WBITS: Final = 31

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Form(NamedTuple):
    """How a body is written."""

    shape: Literal["event", "batch", "lines"]
    gzip: bool


class Item(msgspec.Struct, frozen=True, gc=False):
    """One event as it came: `place` in the request (in lines: the line), from 0."""

    place: int
    line: bytes


def bad_request(detail: str) -> Problem:
    """400: nothing of the body can be read."""
    return Problem(400, "Bad Request", detail)


def _too_large(detail: str) -> Problem:
    return Problem(413, "Content Too Large", detail)


def _unsupported(detail: str, headers: Mapping[str, str]) -> Problem:
    return Problem(415, "Unsupported Media Type", detail, headers)


def form_of(content_type: str, content_encoding: str) -> Form:
    """How the headers say the body is written. Raises `Problem` 415."""
    essence, _, parameters = content_type.partition(";")
    shape = MEDIA_TYPES.get(essence.strip().lower())
    if shape is None:
        accepted = ", ".join(MEDIA_TYPES)
        raise _unsupported(f"Content-Type must be one of {accepted}.", {"Accept": accepted})
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in ("utf-8", "utf8"):
            raise _unsupported("The charset must be UTF-8.", {"Accept": essence.strip()})
    coding = content_encoding.strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise _unsupported(
            "Content-Encoding must be gzip, or left out.", {"Accept-Encoding": "gzip"}
        )
    return Form(shape, coding.endswith("gzip"))


class _Gunzip:
    """Unpacks gzip piece by piece, never more than what the limit leaves."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WBITS)
        self._members = 1
        self._begun = False

    def feed(self, piece: bytes, room: int) -> bytes:
        """What `piece` unpacks to, at most `room` + 1 bytes. Raises `Problem` 400."""
        parts: list[bytes] = []
        while piece and room >= 0:
            if self._member.eof:
                self._next_member()
            try:
                part = self._member.decompress(piece, room + 1)
            except zlib.error:
                raise bad_request("The body is no gzip, or is damaged.") from None
            self._begun = True
            parts.append(part)
            room -= len(part)
            piece = self._member.unused_data if self._member.eof else b""
        return b"".join(parts)

    def end(self) -> None:
        """Raises `Problem` 400 if the last member is cut off."""
        if not self._begun or not self._member.eof:
            raise bad_request("The gzip body is cut off.")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise bad_request(f"A gzip body may have {_MAX_MEMBERS} members at most.")
        self._member = zlib.decompressobj(_GZIP_WBITS)


async def read_body(
    stream: AsyncIterator[bytes],
    gzip: bool,
    take: Callable[[int], None],
    limit: int = MAX_BODY_BYTES,
) -> bytes:
    """The unpacked body. `take` is called with their number before bytes are stored, and may refuse by raising.

    Raises `Problem`: 413 beyond `limit` bytes, 400 for damaged gzip.
    """
    unpack = _Gunzip() if gzip else None
    parts: list[bytes] = []
    size = 0
    async for piece in stream:
        if not piece:
            continue
        part = piece if unpack is None else unpack.feed(piece, limit - size)
        size += len(part)
        if size > limit:
            raise _too_large(f"A body may have {limit} bytes unpacked: send less at once.")
        take(len(part))
        parts.append(part)
    if unpack is not None:
        unpack.end()
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def small_body(stream: AsyncIterator[bytes]) -> bytes:
    """A body of some fields. Raises `Problem` 413."""
    return await read_body(stream, gzip=False, take=lambda _: None, limit=_SMALL_BYTES)


def items_of(shape: Literal["event", "batch", "lines"], body: bytes) -> list[Item]:
    """The events of a body, unread. Blank lines are none.

    Raises `Problem`: 400 if it is empty or no array where one must be, 413 beyond 10,000 events.
    """
    is_array = body.lstrip(_BLANKS)[:1] == b"["
    if is_array and shape != "batch":
        # Refused as one event, hundreds would be lost: of a refused event 64 KiB are stored.
        raise bad_request("The body is an array: send it as application/cloudevents-batch+json.")
    if shape == "event":
        return [Item(0, body)]
    if shape == "lines":
        if body.count(b"\n") > 2 * MAX_EVENTS:
            raise _too_many()
        lines = enumerate(body.split(b"\n"))
        items = [Item(index, line) for index, raw in lines if (line := raw.strip(b" \t\r"))]
        if not items:
            raise bad_request("The body holds no lines.")
    else:
        if body.count(b",") > MAX_EVENTS * _COMMAS:
            raise _too_many()
        return _array(body)
    if len(items) > MAX_EVENTS:
        raise _too_many()
    return items


def _array(body: bytes) -> list[Item]:
    try:
        found = _ITEMS.decode(body)
    except (ValueError, RecursionError):
        raise bad_request("The body is no JSON array of events.") from None
    # Before each becomes an object: of 800,000 empty strings that took over a second.
    if len(found) > MAX_EVENTS:
        raise _too_many()
    return [Item(index, bytes(raw)) for index, raw in enumerate(found)]


def _too_many() -> Problem:
    return _too_large(f"A request may hold {MAX_EVENTS} events: send fewer at once.")

"""Frames of the protocol `pantau.v1` as JSON text. Rows are put in as the bytes they came in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import msgspec
from websockets.frames import Frame, Opcode

from dashboard_ws.gateway.live.region_map import MapPosition, Update

SUBPROTOCOL: Final = "pantau.v1"
PART_BYTES: Final = 256 * 1024
"""Greatest size of the rows in one part of a snapshot (a single larger row goes alone)."""

_json = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Sent:
    """A frame: what it is (`op`), its text, and where a client stands after it (None: as before)."""

    op: str
    text: str
    position: MapPosition | None = None

    @cached_property
    def on_websocket(self) -> bytes:
        """The bytes on a server's websocket: the same for all clients, since servers do not mask."""
        return Frame(Opcode.TEXT, self.text.encode()).serialize(mask=False)


def _text(op: str, members: dict[str, object]) -> str:
    return _json({"op": op} | members).decode()


def welcome(expires: str | None, now: str, build: str) -> Sent:
    """The token is good until `expires` (None: for ever)."""
    return Sent("welcome", _text("welcome", {"expires": expires, "now": now, "build": build}))


@lru_cache(maxsize=16)
def ping(now: str, reached: MapPosition | None, as_of: str | None) -> Sent:
    """`reached`: the position up to which the client has been sent all; null where the region has not begun.

    `as_of`: the region's clock up to which all received events are in. It stands still when the
    stream does, though the gateway lives and no row changes: so a page sees that too.
    """
    epoch, seq = (reached.epoch, reached.seq) if reached else (None, 0)
    return Sent("ping", _text("ping", {"now": now, "epoch": epoch, "seq": seq, "as_of": as_of}))


def error(code: int, detail: str) -> Sent:
    """Comes before a close with the same code."""
    return Sent("error", _text("error", {"code": code, "detail": detail}))


def _parts(rows: Sequence[bytes], limit: int) -> Iterator[Sequence[bytes]]:
    start = size = 0
    for index, row in enumerate(rows):
        if index > start and size + len(row) > limit:
            yield rows[start:index]
            start, size = index, 0
        size += len(row) + 1
    yield rows[start:]


def snapshot(update: Update, now: str, limit: int = PART_BYTES) -> list[Sent]:
    """Parts of one snapshot; nothing else may be sent between them."""
    position = update.position
    parts = list(_parts(update.rows, limit))
    head = {"op": "snapshot", "epoch": position.epoch, "seq": position.seq, "now": now}
    sent = []
    for number, rows in enumerate(parts, 1):
        start = _json(head | {"part": number, "parts": len(parts)})[:-1]
        text = (start + b',"rows":[' + b",".join(rows) + b"]}").decode()
        sent.append(Sent("snapshot", text, position if number == len(parts) else None))
    return sent


def delta(update: Update) -> Sent:
    """What changed after `from` up to `seq`."""
    start = _json({"op": "delta", "from": update.since, "seq": update.position.seq})[:-1]
    gone = _json(update.gone)
    text = start + b',"rows":[' + b",".join(update.rows) + b'],"gone":' + gone + b"}"
    return Sent("delta", text.decode(), update.position)


def frames(update: Update, now: str) -> list[Sent]:
    """The frames that say `update`."""
    return snapshot(update, now) if update.since is None else [delta(update)]

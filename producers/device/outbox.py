"""A device's durable queue: what is in it survives a crash or a power cut until ingest has judged it.

Delivery is at least once: a crash between ingest's answer and `settle` sends a batch again, which
ingest and streams take for what it is, the same events.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Self

from contracts.receipts import ReceiptState
from producers.device.ingest_client import DeviceClient, PostResult

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (seq INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS aside (seq INTEGER PRIMARY KEY, line BLOB NOT NULL, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (seq INTEGER PRIMARY KEY AUTOINCREMENT, receipt TEXT NOT NULL);
"""
RECEIPTS: Final = 20
"""Receipts of so many answers are stored, the newest."""
_MAX_LINES: Final = 2_000
_MAX_BYTES: Final = 4 * 1024 * 1024


class OutboxBatch(NamedTuple):
    """The oldest lines of an outbox, in order, with their numbers."""

    seqs: tuple[int, ...]
    lines: tuple[bytes, ...]


class Aside(NamedTuple):
    """A line that ingest refused or could not take, and why: for somebody to read."""

    seq: int
    line: bytes
    why: str


class Outbox:
    """An append-only queue in the SQLite file `path`. One process at a time; not thread-safe.

    Each call is a transaction and returns when it is on disk: a few milliseconds.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines behind what is there: all of them, or none if it fails."""
        with self._db:
            self._db.executemany("INSERT INTO waiting (line) VALUES (?)", ((x,) for x in lines))

    def __len__(self) -> int:
        """Lines that wait."""
        row: tuple[int] = self._db.execute("SELECT count(*) FROM waiting").fetchone()
        return row[0]

    def oldest(self, max_lines: int = _MAX_LINES, max_bytes: int = _MAX_BYTES) -> OutboxBatch:
        """The oldest lines, at least one if there is any. They stay until `settle`."""
        seqs: list[int] = []
        lines: list[bytes] = []
        size = 0
        rows = self._db.execute(
            "SELECT seq, line FROM waiting ORDER BY seq LIMIT ?", (max(max_lines, 1),)
        )
        for seq, line in rows:
            size += len(line) + 1
            if lines and size > max_bytes:
                break
            seqs.append(seq)
            lines.append(line)
        return OutboxBatch(tuple(seqs), tuple(lines))

    def settle(self, batch: OutboxBatch, result: PostResult) -> None:
        """Take a judged batch out; what was refused or set aside is stored apart with its reason, and the receipts are stored."""
        reasons = [(one.index, f"{one.code}: {one.detail}") for one in result.rejected]
        reasons += [(one.index, f"HTTP {one.status}: {one.detail}") for one in result.set_aside]
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO aside (seq, line, why) VALUES (?, ?, ?)",
                [(batch.seqs[at], batch.lines[at], why) for at, why in reasons],
            )
            self._db.executemany(
                "DELETE FROM waiting WHERE seq = ?", [(seq,) for seq in batch.seqs]
            )
            self._db.executemany(
                "INSERT INTO receipts (receipt) VALUES (?)", [(one,) for one in result.receipts]
            )
            self._db.execute(
                "DELETE FROM receipts WHERE seq <= (SELECT max(seq) FROM receipts) - ?", (RECEIPTS,)
            )

    def receipts(self) -> list[str]:
        """The receipts of the last answers, oldest first."""
        return [text for (text,) in self._db.execute("SELECT receipt FROM receipts ORDER BY seq")]

    def aside(self) -> Sequence[Aside]:
        """What was refused or set aside, oldest first."""
        rows = self._db.execute("SELECT seq, line, why FROM aside ORDER BY seq")
        return [Aside(*row) for row in rows]

    def forget_aside(self, seqs: Iterable[int]) -> None:
        """Somebody has read these."""
        with self._db:
            self._db.executemany("DELETE FROM aside WHERE seq = ?", ((seq,) for seq in seqs))


async def drain(outbox: Outbox, client: DeviceClient) -> int:
    """Send what waits, oldest first, until nothing does; gives the number of accepted events.

    Refused ones are then in `aside`. Raises `NotAllowedError`; the others then stay.
    """
    accepted = 0
    while (batch := outbox.oldest()).lines:
        result = await client.post(batch.lines)
        outbox.settle(batch, result)
        accepted += result.accepted
    return accepted


async def receipt_states(outbox: Outbox, client: DeviceClient) -> list[ReceiptState | None]:
    """How far what the last answers acknowledged has come, oldest first; None where ingest does not say now.

    Raises `NotAllowedError`.
    """
    return [await client.receipt(one) for one in outbox.receipts()]

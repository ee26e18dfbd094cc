"""What people were told and what is still to be delivered, in SQLite: one transaction holds both, so a kill loses neither.

Of several processes one may write. Times of the queue are real, epoch ms.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from chassis.datadir import FOLDER_MODE, DataDirError, FileLock
from contracts.people import ChannelName
from notices.channels.delivery import Delivery

DeliveryStatus = Literal["pending", "delivered", "failed"]
DELIVERY_STATUSES: Final[tuple[DeliveryStatus, ...]] = get_args(DeliveryStatus)

_VERSION: Final = 2
_DAY_MS: Final = 86_400_000
_RETAINED_MS: Final = 90 * _DAY_MS
_SCHEMA: Final = """
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, region TEXT NOT NULL,
    person_id TEXT NOT NULL, channel TEXT NOT NULL, created_at INTEGER NOT NULL, title TEXT NOT NULL,
    text TEXT NOT NULL, body BLOB NOT NULL, status TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL, next_at INTEGER NOT NULL,
    ended_at INTEGER, error TEXT NOT NULL DEFAULT '');
CREATE INDEX by_status ON deliveries (status, region, person_id, channel, number);
"""
_FROM_VERSION_1: Final = """
ALTER TABLE deliveries RENAME COLUMN fate TO status;
DROP INDEX by_fate;
CREATE INDEX by_status ON deliveries (status, region, person_id, channel, number);
"""
_FIELDS: Final = ", ".join(Delivery.__struct_fields__)
_SHOWN: Final = """
SELECT id, region, person_id, channel, created_at, title, status, attempts, queued_at, ended_at, error
FROM deliveries"""
# The oldest of each person and channel: what follows it waits, so that no end overtakes its beginning.
_READY: Final = f"""
SELECT {_FIELDS}, attempts, queued_at FROM deliveries WHERE next_at <= ? AND number IN (
    SELECT min(number) FROM deliveries WHERE status = 'pending' GROUP BY region, person_id, channel)
ORDER BY number"""


class Queued(msgspec.Struct, frozen=True):
    """A delivery to be tried now. `attempts` failed since `queued_at`."""

    delivery: Delivery
    attempts: int
    queued_at: int


class DeliveryRecord(msgspec.Struct, frozen=True):
    """What became of one delivery. `created_at`: region's clock; the other times are real. Epoch ms."""

    id: str
    region: str
    person_id: str
    channel: ChannelName
    created_at: int
    title: str
    status: DeliveryStatus
    attempts: int
    queued_at: int
    ended_at: int | None
    error: str


def queue_folder(data_dir: Path) -> Path:
    """Of an installation."""
    return data_dir / "notices"


class NoticeQueue:
    """The one writer. Raises `DataDirError` if another process has it, or a newer version has written it."""

    def __init__(self, data_dir: Path) -> None:
        folder = queue_folder(data_dir)
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._lock = FileLock(folder / "lock")
        if not self._lock.take():
            self._lock.release()
            raise DataDirError(f"another process writes notices in {folder}: stop it")
        self._db = sqlite3.connect(folder / "queue.sqlite", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._make(folder)

    def _make(self, folder: Path) -> None:
        [(version,)] = self._db.execute("PRAGMA user_version")
        steps = {0: _SCHEMA, 1: _FROM_VERSION_1}
        if version in steps:
            self._db.executescript(
                f"BEGIN; {steps[version]} PRAGMA user_version = {_VERSION}; COMMIT"
            )
        elif version != _VERSION:
            raise DataDirError(f"{folder} was written by a newer version: upgrade the program")

    def close(self) -> None:
        """Another may open it then."""
        self._db.close()
        self._lock.release()

    def state(self) -> Iterator[tuple[str, bytes]]:
        """The records that were stored."""
        yield from self._db.execute("SELECT key, value FROM state")

    def store(
        self, records: Mapping[str, bytes | None], deliveries: Iterable[Delivery], now_ms: int
    ) -> None:
        """Records of the book (None: no more) and what it has people told, in one transaction, on disk when it returns."""
        rows = [(*msgspec.structs.astuple(one), now_ms, now_ms) for one in deliveries]
        marks = ", ".join("?" * (len(Delivery.__struct_fields__) + 2))
        with self._transaction():
            for key, value in records.items():
                if value is None:
                    self._db.execute("DELETE FROM state WHERE key = ?", (key,))
                else:
                    self._db.execute("REPLACE INTO state VALUES (?, ?)", (key, value))
            self._db.executemany(
                f"INSERT INTO deliveries ({_FIELDS}, queued_at, next_at) VALUES ({marks})", rows
            )

    def ready(self, now_ms: int, busy: Collection[tuple[str, str, str]]) -> list[Queued]:
        """What may be tried now, at most one of a person and channel; none of `busy` (region, person, channel)."""
        found = []
        for *fields, attempts, queued_at in self._db.execute(_READY, (now_ms,)):
            one = Delivery(**dict(zip(Delivery.__struct_fields__, fields, strict=True)))
            if (one.region, one.person_id, one.channel) not in busy:
                found.append(Queued(one, attempts, queued_at))
        return found

    def end(self, identity: str, status: DeliveryStatus, now_ms: int, error: str = "") -> None:
        """It was delivered, or never will be."""
        with self._transaction():
            self._db.execute(
                "UPDATE deliveries SET status = ?, attempts = attempts + 1, ended_at = ?, error = ? WHERE id = ?",
                (status, now_ms, error, identity),
            )

    def put_off(self, identity: str, next_at: int, error: str) -> None:
        """It failed, and is tried again at `next_at`."""
        with self._transaction():
            self._db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?",
                (next_at, error, identity),
            )

    def pending(self) -> tuple[int, int | None]:
        """How many wait, and since when the oldest does."""
        [(count, oldest)] = self._db.execute(
            "SELECT count(*), min(queued_at) FROM deliveries WHERE status = 'pending'"
        )
        return count, oldest

    def forget(self, now_ms: int) -> None:
        """Drops what ended more than 90 days ago."""
        with self._transaction():
            self._db.execute("DELETE FROM deliveries WHERE ended_at < ?", (now_ms - _RETAINED_MS,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def read_deliveries(
    data_dir: Path, most: int, status: DeliveryStatus | None = None, person_id: str | None = None
) -> list[DeliveryRecord]:
    """The newest, newest first; a running service may go on writing. Nothing where nobody was ever written to."""
    path = queue_folder(data_dir) / "queue.sqlite"
    if not path.exists():
        return []
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        found = db.execute(
            f"{_SHOWN} WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR person_id = ?2) "
            "ORDER BY number DESC LIMIT ?3",
            (status, person_id, most),
        )
        return [DeliveryRecord(*row) for row in found]
    finally:
        db.close()

"""Phones that opened a school link: a photographed poster serves so many a day, also across restarts and services on one data dir."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import Final

from chassis.datadir import DataDir

LINK_PHONES: Final = 20
"""So many phones may open one link within 24 hours: all teachers of a school, not all of a town."""
_DAY_MS: Final = 86_400_000
_WAIT_S: Final = 10.0
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS phones (link TEXT, phone BLOB, opened_ms INTEGER,"
    " PRIMARY KEY (link, phone)) WITHOUT ROWID"
)


class LinkPhones:
    """Link and phone of the last 24 hours, in an SQLite file of the data dir. A phone's name is stored as a hash."""

    def __init__(self, data_dir: DataDir) -> None:
        self._path = data_dir.secrets / "link_phones.sqlite"

    def admit(self, link: str, phone: str, now_ms: int) -> bool:
        """Whether `phone` may open `link` (its `jti`) at `now_ms`, real time. On disk before it returns.

        A phone that is noted already may open it again: an answer gets lost on a bad line.
        """
        name = hashlib.blake2b(phone.encode(errors="replace"), digest_size=16).digest()
        with closing(sqlite3.connect(self._path, _WAIT_S, isolation_level=None)) as db:
            db.execute(_TABLE)
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM phones WHERE opened_ms <= ?", (now_ms - _DAY_MS,))
            noted = [
                row[0] for row in db.execute("SELECT phone FROM phones WHERE link = ?", (link,))
            ]
            admitted = name in noted or len(noted) < LINK_PHONES
            if admitted:
                db.execute("INSERT OR IGNORE INTO phones VALUES (?, ?, ?)", (link, name, now_ms))
            db.execute("COMMIT")
        return admitted

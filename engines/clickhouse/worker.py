"""Runs what a request asks for, in a worker thread: the rules of accounts meet the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engines.clickhouse.accounts import Profile
from engines.clickhouse.engine import Engine, EngineSession, Handle, Summary, quoted
from engines.clickhouse.engine_errors import refused
from engines.clickhouse.guard import Guard
from engines.clickhouse.protocol import Asked, format_of, streams

_SHAPING_SETTINGS: Final = ("output_format_", "date_time_", "format_csv_", "format_tsv_")
"""Prefixes of settings that only shape text. Not all of `format_`: templates are read from files."""
_READS_ONLY_BUT_SETTINGS: Final = 2
_SLICE_BYTES: Final = 1 << 20
_HELD_BYTES: Final = 16 << 20
"""With `wait_end_of_query=1`: a failure within the first part of this size is told with its status,
a later one breaks the connection; more is never held in memory."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known when the first part of an answer is there."""

    fmt: str
    summary: Summary


Send = Callable[[Head, bytes], bool]
"""Hands on one part; False means that nobody listens any more."""


class Worker:
    """Holds the engine and the guard; `run` is called from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.handle(EngineSession("default", {}, {}, "guard")) as handle:
            self._guard = Guard(handle)

    def run(self, asked: Asked, profile: Profile, reads_only: bool, send: Send) -> None:
        """Run it and hand all parts to `send`, at least one. Raises ClickHouseError at any point.

        `reads_only`: a GET, which must change nothing.
        """
        insert = asked.insert()
        with self._engine.handle(_session(asked, profile, reads_only)) as handle:
            if profile.guarded:
                judged = self._guard.judge(handle, asked.statement())
                self._query(
                    handle, judged.sql, judged.fmt or asked.fmt, asked.whole, send, may_write=False
                )
            elif insert is not None:
                if reads_only:
                    raise refused(164, "READONLY", "Cannot insert with GET; use POST")
                summary = handle.insert(insert.statement, insert.fmt, insert.data)
                self._engine.check_writes()
                send(Head(asked.fmt, summary), b"")
            else:
                sql = asked.statement()
                fmt = format_of(sql, asked.fmt)
                self._query(handle, sql, fmt, asked.whole, send, may_write=not reads_only)

    def _query(
        self, handle: Handle, sql: str, fmt: str, whole: bool, send: Send, *, may_write: bool
    ) -> None:
        if not streams(sql, fmt):
            body, summary = handle.query(sql, fmt)
            if may_write:
                self._engine.check_writes()
            _send_slices(Head(fmt, summary), body, send)
            return
        head = Head(fmt, Summary())
        held: list[bytes] = []
        room = _HELD_BYTES if whole else 0
        sent = False
        for part in handle.stream(sql, fmt):
            held.append(part)
            room -= len(part)
            if room <= 0:
                if not all(send(head, each) for each in held):
                    return
                sent = True
                held.clear()
        if held or not sent:
            send(head, b"".join(held))


def _send_slices(head: Head, body: bytes, send: Send) -> None:
    """Hand `body` on in slices, so that the socket's buffer never holds another copy of it all."""
    view = memoryview(body)
    for start in range(0, len(body) or 1, _SLICE_BYTES):
        if not send(head, bytes(view[start : start + _SLICE_BYTES])):
            return


def _session(asked: Asked, profile: Profile, reads_only: bool) -> EngineSession:
    settings = dict(profile.settings)
    for name, value in asked.settings.items():
        if profile.guarded:
            _check_allowed(profile, name, value)
        settings[name] = quoted(value)
    database = asked.database or profile.database
    if profile.guarded:
        if database not in (profile.database, "default", ""):
            raise refused(497, "ACCESS_DENIED", f"Database {database} is not for analysts")
        return EngineSession(
            profile.database, settings, asked.parameters, asked.query_id, readonly=1
        )
    readonly = _READS_ONLY_BUT_SETTINGS if reads_only else 0
    return EngineSession(database, settings, asked.parameters, asked.query_id, readonly)


def _check_allowed(profile: Profile, name: str, value: str) -> None:
    """A guarded account may shape its output and lower its limits, nothing else."""
    if name.startswith(_SHAPING_SETTINGS) and "path" not in name and "schema" not in name:
        return
    most = profile.at_most.get(name)
    if most is None:
        raise refused(164, "READONLY", f"Cannot modify '{name}' setting in readonly mode")
    if not value.isdigit() or not 0 < int(value) <= most:
        raise refused(
            452, "SETTING_CONSTRAINT_VIOLATION", f"Setting {name} shouldn't be greater than {most}"
        )

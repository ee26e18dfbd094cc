"""Runs what a request asks for, in a worker thread: the rules of accounts meet the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from engines.clickhouse.accounts import Profile
from engines.clickhouse.engine import Engine, EngineSession, Handle, Summary
from engines.clickhouse.engine_errors import ClickHouseError, for_guarded, refused
from engines.clickhouse.front.asked_settings import granted
from engines.clickhouse.front.hello import hello, is_hello
from engines.clickhouse.front.metadata import create_settings_view, create_views
from engines.clickhouse.guard import Guard, Judged
from engines.clickhouse.protocol import Asked, format_of, streams

_SLICE_BYTES: Final = 1 << 20
_BUFFER_BYTES: Final = 16 << 20
"""With `wait_end_of_query=1`: a failure within the first part of this size is answered with its status,
a later one breaks the connection; no more is ever in memory."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known when the first part of an answer is there."""

    fmt: str
    summary: Summary
    cut: Mapping[str, int]
    """Settings that were asked for above what the account may have, and the limit that holds."""


Send = Callable[[Head, bytes], bool]
"""Hands on one part; False means that nobody listens any more."""


class Worker:
    """Holds the engine and the guard; `run` is called from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.handle(EngineSession("default", {}, {}, "guard")) as handle:
            create_views(handle)
            self._guard = Guard(handle)
            values, _ = handle.query(
                "SELECT name, value FROM system.settings", "JSONCompactEachRow"
            )
            self._defaults: Mapping[str, str] = dict(map(msgspec.json.decode, values.splitlines()))
            create_settings_view(handle, self._defaults)
            self._version = handle.query("SELECT version()", "TSVRaw")[0].decode().strip()

    def run(self, asked: Asked, profile: Profile, reads_only: bool, send: Send) -> None:
        """Run it and hand all parts to `send`, at least one. Raises ClickHouseError at any point.

        `reads_only`: a GET, which must change nothing.
        """
        try:
            self._run(asked, profile, reads_only, send)
        except ClickHouseError as error:
            raise (for_guarded(error) if profile.guarded else error) from None

    def _run(self, asked: Asked, profile: Profile, reads_only: bool, send: Send) -> None:
        insert = asked.insert()
        given = granted(asked, profile, reads_only, self._defaults)

        def head(fmt: str, summary: Summary) -> Head:
            return Head(fmt, summary, given.cut)

        if is_hello(asked):
            send(head(asked.fmt, Summary()), hello(asked, self._version, "UTC"))
            return
        judged = self._judged(asked, profile) if profile.guarded else None
        with self._engine.handle(given.session) as handle:
            if judged is not None:
                fmt = judged.fmt or asked.fmt
                self._query(
                    handle, judged.sql, fmt, asked.waits_for_end, head, send, may_write=False
                )
            elif insert is not None:
                if reads_only:
                    raise refused(164, "READONLY", "Cannot insert with GET; use POST")
                summary = handle.insert(insert.statement, insert.fmt, insert.data)
                self._engine.check_writes()
                send(head(asked.fmt, summary), b"")
            else:
                sql = asked.statement()
                fmt = format_of(sql, asked.fmt)
                self._query(
                    handle, sql, fmt, asked.waits_for_end, head, send, may_write=not reads_only
                )

    def _judged(self, asked: Asked, profile: Profile) -> Judged:
        """Without the settings of `asked`: its limits are for its result, not for the judgement."""
        session = EngineSession(
            profile.database, profile.settings, asked.parameters, asked.query_id, readonly=1
        )
        with self._engine.handle(session) as handle:
            return self._guard.judge(handle, asked.statement())

    def _query(
        self,
        handle: Handle,
        sql: str,
        fmt: str,
        waits_for_end: bool,
        head: Callable[[str, Summary], Head],
        send: Send,
        *,
        may_write: bool,
    ) -> None:
        if not streams(sql, fmt):
            body, summary = handle.query(sql, fmt)
            if may_write:
                self._engine.check_writes()
            _send_slices(head(fmt, summary), body, send)
            return
        begun = head(fmt, Summary())
        buffered: list[bytes] = []
        room = _BUFFER_BYTES if waits_for_end else 0
        sent = False
        for part in handle.stream(sql, fmt):
            buffered.append(part)
            room -= len(part)
            if room <= 0:
                if not all(send(begun, each) for each in buffered):
                    return
                sent = True
                buffered.clear()
        if buffered or not sent:
            send(begun, b"".join(buffered))


def _send_slices(head: Head, body: bytes, send: Send) -> None:
    """Hand `body` on in slices, so that the socket's buffer never holds another copy of it all."""
    view = memoryview(body)
    for start in range(0, len(body) or 1, _SLICE_BYTES):
        if not send(head, bytes(view[start : start + _SLICE_BYTES])):
            return

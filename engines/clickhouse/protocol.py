"""ClickHouse's HTTP interface, without I/O: what a request asks for, what an answer says.

Taken: `query` (URL, form or body; with both, the body follows as data), `database`,
`default_format` or X-ClickHouse-Format, `param_x`, settings as URL parameters, credentials as
Basic, X-ClickHouse-User and -Key, or `user` and `password`, request bodies in gzip, lz4, zstd, br
or deflate, and in ClickHouse's own blocks (`decompress=1`). Declined with a clear error: external
tables. Answers are packed only where `compress=1` asks for blocks: both ends are on one machine, or
behind a proxy that does it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final

from engines.clickhouse.engine_errors import refused


def words(text: str) -> frozenset[str]:
    """The words of `text`: for long sets of names."""
    return frozenset(text.split())


_NOT_SETTINGS: Final = words(
    "query query_id user password database default_format session_id session_timeout "
    "session_check close_session quota_key role stacktrace buffer_size wait_end_of_query "
    "client_protocol_version enable_http_compression send_progress_in_http_headers "
    "http_headers_progress_interval_ms compress decompress network_compression_method "
    "http_zlib_compression_level add_http_cors_header "
    "cancel_http_readonly_queries_on_client_close"
)
"""URL parameters that speak of the transport. Anything else is a setting, as on a server."""

_STREAMED: Final = words("native tabseparated tsv jsoneachrow ndjson jsonlines csv rowbinary")
"""Formats whose parts can be put one after the other. Others have a head or a foot."""

_FORM_BYTES: Final = 1 << 20
_NESTED: Final = re.compile(
    rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE
)
_QUERY_ID: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")

_QUERY: Final = re.compile(r"\s*(?:SELECT|WITH)\s", re.IGNORECASE)
_INSERT: Final = re.compile(
    rb"\s*INSERT\s+INTO\s(?:(?!\bSELECT\b|\bVALUES\b)[^;])*?\bFORMAT\s+([A-Za-z]\w*)[ \t]*\r?\n?",
    re.IGNORECASE,
)
_INSERT_WORD: Final = re.compile(rb"\s*INSERT\s", re.IGNORECASE)
_FORMAT_OF_INSERT: Final = re.compile(rb"\bFORMAT\s+[A-Za-z]\w*[ \t]*\r?\n?\Z", re.IGNORECASE)
_HEAD_BYTES: Final = 64 << 10
_TAIL_FORMAT: Final = re.compile(
    r"\bFORMAT\s+([A-Za-z]\w*)\s*(?:\bSETTINGS\b[^']*)?;?\s*\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. The password is for `Accounts` only; it is not in `repr`, so not in logs."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class Insert:
    """An insert with its data: statement without FORMAT, format, and the rows."""

    statement: str
    fmt: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart. `settings` and `parameters` are as sent, not yet allowed."""

    text: bytes
    data: bytes
    database: str | None
    fmt: str
    settings: dict[str, str]
    parameters: dict[str, str]
    query_id: str
    waits_for_end: bool
    blocks: str | None
    """How to pack the blocks of the answer, lz4 or zstd; None: the answer is plain."""
    protocol_version: int
    """Revision of Native that the client asks for; 0: none."""

    def insert(self) -> Insert | None:
        """The insert that this is, or None for any other statement."""
        if self.text and self.data and _INSERT_WORD.match(self.text):
            head, data, offset = self.text, self.data, 0
            found = _INSERT.match(head.rstrip(b"; \n") + b"\n")
        else:
            head = data = self.text or self.data
            found = _INSERT.match(head[:_HEAD_BYTES])
            offset = found.end() if found else 0
        if found is None:
            return None
        statement = _FORMAT_OF_INSERT.sub(b"", found[0]).decode()
        return Insert(statement, found[1].decode(), memoryview(data)[offset:])

    def statement(self) -> str:
        """Text of the statement; a body beside a `query` in the URL follows it, as on a server."""
        text = b"\n".join(part for part in (self.text, self.data) if part)
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise refused(62, "SYNTAX_ERROR", "The query is not UTF-8") from None


def streams(sql: str, fmt: str) -> bool:
    """Whether the result of `sql` in `fmt` may be sent part by part."""
    return fmt.lower() in _STREAMED and _QUERY.match(sql) is not None


def format_of(sql: str, default: str) -> str:
    """The format that the end of `sql` asks for, else `default`."""
    found = _TAIL_FORMAT.search(sql[-200:])
    return found[1] if found else default


def query_id_of(query: Mapping[str, str], default: str) -> str:
    """The id that a client gives its statement; it goes into a header. Raises ClickHouseError."""
    query_id = query.get("query_id") or default
    if not _QUERY_ID.fullmatch(query_id):
        raise refused(36, "BAD_ARGUMENTS", "query_id must be 1 to 128 printable ASCII characters")
    return query_id


def credentials(headers: Mapping[str, str], query: Mapping[str, str]) -> Credentials | None:
    """Who asks, or None if the request does not say."""
    scheme, _, blob = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(blob, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return Credentials(user, password)
    if "x-clickhouse-user" in headers:
        return Credentials(headers["x-clickhouse-user"], headers.get("x-clickhouse-key", ""))
    if "user" in query:
        return Credentials(query["user"], query.get("password", ""))
    return None


def take_apart(
    headers: Mapping[str, str], query: Mapping[str, str], body: bytes, query_id: str
) -> Asked:
    """What the request asks for. `headers` has lower-case names. Raises ClickHouseError."""
    fields = dict(query)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields |= _form(headers["content-type"], body)
        body = b""
    return Asked(
        text=fields.get("query", "").encode(),
        data=body,
        database=fields.get("database") or headers.get("x-clickhouse-database"),
        fmt=headers.get("x-clickhouse-format") or fields.get("default_format") or "TabSeparated",
        settings={
            name: value
            for name, value in fields.items()
            if name not in _NOT_SETTINGS and not name.startswith("param_")
        },
        parameters={
            name.removeprefix("param_"): value
            for name, value in fields.items()
            if name.startswith("param_")
        },
        query_id=query_id,
        waits_for_end=fields.get("wait_end_of_query") in ("1", "true"),
        blocks=_blocks(fields),
        protocol_version=_revision(fields.get("client_protocol_version", "")),
    )


def is_on(value: str | None) -> bool:
    """Whether a switch in the address is on."""
    return value not in (None, "", "0", "false")


def _blocks(fields: Mapping[str, str]) -> str | None:
    if not is_on(fields.get("compress")):
        return None
    return fields.get("network_compression_method", "lz4").lower()


def _revision(value: str) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if len(body) > _FORM_BYTES or _NESTED.search(body):
        # The parser takes time and depth without bound for these.
        raise refused(307, "TOO_MANY_BYTES", f"A form must be flat and at most {_FORM_BYTES} bytes")
    parser: BytesParser[Message] = BytesParser(policy=HTTP)
    message = parser.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        if part.get_filename() is not None:
            raise refused(
                48,
                "NOT_IMPLEMENTED",
                "External tables are not supported by the embedded ClickHouse: "
                "use a list in the query or a query parameter",
            )
        payload = part.get_payload(decode=True)
        fields[name] = payload.decode(errors="replace") if isinstance(payload, bytes) else ""
    return fields

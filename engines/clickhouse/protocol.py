"""ClickHouse's HTTP interface, without I/O: what a request asks for, what an answer says.

Taken: `query` (URL, form or body; with both, the body follows as data), `database`,
`default_format` or X-ClickHouse-Format, `param_x`, settings as URL parameters, credentials as
Basic, X-ClickHouse-User and -Key, or `user` and `password`, request bodies in gzip, lz4, zstd, br
or deflate. Declined with a clear error: `compress=1` and `decompress=1` (ClickHouse's own block
compression) and external tables. Answers are never compressed: both ends are on one machine, or
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
from typing import Any, Final

import cramjam

from engines.clickhouse.engine_errors import refused

MAX_BODY_BYTES: Final = 512 << 20


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
_DECODERS: Final = {
    "gzip": cramjam.gzip,
    "deflate": cramjam.deflate,
    "zstd": cramjam.zstd,
    "lz4": cramjam.lz4,
    "br": cramjam.brotli,
}


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
    whole: bool

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
        whole = b"\n".join(part for part in (self.text, self.data) if part)
        try:
            return whole.decode()
        except UnicodeDecodeError:
            raise refused(62, "SYNTAX_ERROR", "The query is not UTF-8") from None


def streams(sql: str, fmt: str) -> bool:
    """Whether the result of `sql` in `fmt` may be sent part by part."""
    return fmt.lower() in _STREAMED and _QUERY.match(sql) is not None


def format_of(sql: str, default: str) -> str:
    """The format that the end of `sql` asks for, else `default`."""
    found = _TAIL_FORMAT.search(sql[-200:])
    return found[1] if found else default


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


def decoded(body: bytes, encoding: str) -> bytes:
    """`body` without its Content-Encoding. Raises ClickHouseError."""
    if encoding in ("", "identity"):
        return body
    codec: Any = _DECODERS.get(encoding)
    if codec is None:
        raise refused(48, "NOT_IMPLEMENTED", f"Content-Encoding {encoding} is not supported")
    try:
        plain = bytes(codec.decompress(body))
    except (cramjam.DecompressionError, OSError) as error:
        raise refused(271, "CANNOT_DECOMPRESS", f"Body is no {encoding}: {error}") from None
    if len(plain) > MAX_BODY_BYTES:
        raise too_large()
    return plain


def too_large() -> Exception:
    """The refusal of a body above `MAX_BODY_BYTES`."""
    return refused(
        307, "TOO_MANY_BYTES", f"Body is larger than {MAX_BODY_BYTES} bytes; send smaller batches"
    )


def take_apart(
    headers: Mapping[str, str], query: Mapping[str, str], body: bytes, query_id: str
) -> Asked:
    """What the request asks for. `headers` has lower-case names. Raises ClickHouseError."""
    fields = dict(query)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields |= _form(headers["content-type"], body)
        body = b""
    for name in ("compress", "decompress"):
        if fields.get(name) not in (None, "0", "false"):
            raise refused(
                48,
                "NOT_IMPLEMENTED",
                f"{name}=1 (block compression) is not supported by the embedded ClickHouse: "
                "turn compression off in the client",
            )
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
        whole=fields.get("wait_end_of_query") in ("1", "true"),
    )


def _form(content_type: str, body: bytes) -> dict[str, str]:
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
        fields[name] = payload.decode() if isinstance(payload, bytes) else ""
    return fields

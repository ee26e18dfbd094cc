"""The first question of clickhouse-go over HTTP: who are you, and which revision of Native do you speak?

It sends `client_protocol_version` and expects this one answer in that revision of the format, all later ones
in the revision that the answer names. The engine writes Native without revision only, so the answer,
written here, names 0: plain blocks, without a head and without a mark for each column.
"""

from __future__ import annotations

import struct
from typing import Final

from engines.clickhouse.protocol import Asked

DISPLAY_NAME: Final = "pantau-embedded"

_QUESTION: Final = "SELECT displayName(), version(), revision(), timezone()"
_BLOCK_INFO: Final = bytes((1, 0, 2, 255, 255, 255, 255, 0))
_WITH_COLUMN_MARK: Final = 54454
"""The first revision with a byte for each column that says how its values are written."""


def is_hello(asked: Asked) -> bool:
    """Whether `asked` is that question, in Native of some revision."""
    return (
        asked.protocol_version > 0
        and asked.fmt == "Native"
        and asked.statement().strip() == _QUESTION
    )


def hello(asked: Asked, version: str, timezone: str) -> bytes:
    """The answer: one block of one row."""
    columns = (
        ("displayName()", "String", _text(DISPLAY_NAME)),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", struct.pack("<I", 0)),
        ("timezone()", "String", _text(timezone)),
    )
    mark = b"\0" if asked.protocol_version >= _WITH_COLUMN_MARK else b""
    written = (_text(name) + _text(kind) + mark + value for name, kind, value in columns)
    return _BLOCK_INFO + bytes((len(columns), 1)) + b"".join(written)


def _text(text: str) -> bytes:
    """At most 127 bytes: longer ones would need a longer length."""
    return bytes((len(text),)) + text.encode()

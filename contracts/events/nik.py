"""National identity numbers (NIK) must reach no log, topic or table: finding them in JSON, and
blotting them out.

A NIK is 16 digits in a row, not next to another digit or letter, in any string (a name of a field
is one too) but the event's `id` and the pseudonyms of `data`.
A pseudonym that is none (not 32 hex digits) is no exception when blotting out: that is where a NIK
ends up when a device forgets to hash it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from contracts.events.event_types import HEX32_FIELDS

_NIK: Final = re.compile(r"(?<![^\W_])[0-9]{16}(?![^\W_])")
_ANY_SIXTEEN: Final = re.compile(rb"(?<![0-9])[0-9]{16}(?![0-9])")
_STRING_OR_SIXTEEN: Final = re.compile(
    r'("[^"\\]*(?:\\.[^"\\]*)*")|(?<![0-9.eE+-])[0-9]{16}(?![0-9.eE])'
)
_ESCAPED_DIGIT: Final = re.compile(rb"\\u003([0-9])")
_TOKEN: Final = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}\[\]]')
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_ZEROS: Final = bytes(ord("0") if ord("0") <= byte <= ord("9") else byte for byte in range(256))
_SIXTEEN: Final = b"0" * 16
_BLOT: Final = "#" * 16

_Path = tuple[str, ...]


def may_hold_nik(value: bytes) -> bool:
    """False for bytes that surely hold no NIK: the quick look at a whole record. Escapes
    (`\\u0031`) can hide digits.
    """
    return _SIXTEEN in value.translate(_ZEROS) or (b"\\" in value and b"\\u" in value)


def has_nik(text: str) -> bool:
    """True if `text` holds a NIK."""
    return _NIK.search(text) is not None


def blot(text: str) -> str:
    """`text` with the digits of every NIK replaced by `#`."""
    return _NIK.sub(_BLOT, text)


def nik_in(line: bytes, is_event: bool = False) -> bool:
    """True if a string of `line` (JSON in UTF-8) holds a NIK where none may be.

    `is_event`: the line was read as a whole event. Its pseudonyms are pseudonyms, so one that is none stands in a
    field that a later one of the same name has hidden, and would be kept.
    """
    if not may_hold_nik(line):
        return False
    return any(
        has_nik(string := _unquoted(match[1]))
        and not (_is_kept(path, string) if is_event else _is_exempt(path))
        for match, path in _strings(line.decode())
    )


def redact_nik(line: bytes) -> bytes:
    """`line` with the digits of every NIK replaced by `#`; other strings stay byte for byte.

    A whole number of 16 digits becomes a string of `#`: it is no NIK as events go, but a device that
    sends a NIK as a number is refused too, and its line is kept.

    In what is not JSON in UTF-8 every run of 16 digits is replaced: nothing tells there where a
    string begins.
    """
    if not may_hold_nik(line):
        return line
    try:
        msgspec.json.decode(line)
        text = line.decode()
    except (ValueError, RecursionError):
        plain = _ESCAPED_DIGIT.sub(rb"\1", line)
        return _ANY_SIXTEEN.sub(_BLOT.encode(), plain) if _ANY_SIXTEEN.search(plain) else line
    pieces: list[str] = []
    done = 0
    for match, path in _strings(text):
        string = _unquoted(match[1])
        if has_nik(string) and not _is_kept(path, string):
            pieces += text[done : match.start(1)], msgspec.json.encode(blot(string)).decode()
            done = match.end(1)
    text = "".join([*pieces, text[done:]])
    return _STRING_OR_SIXTEEN.sub(lambda match: match[1] or f'"{_BLOT}"', text).encode()


def _strings(text: str) -> Iterator[tuple[re.Match[str], _Path]]:
    """Every string of valid JSON as a match (group 1), with the names that lead to it; for a name
    itself the path is empty.
    """
    names: list[str] = []
    for match in _TOKEN.finditer(text):
        if match[1] is None:
            if match[0] in "{[":
                names.append("")
            else:
                names.pop()
        elif match[2] is not None:
            names[-1] = _unquoted(match[1])
            yield match, ()
        else:
            yield match, tuple(names)


def _unquoted(token: str) -> str:
    return msgspec.json.decode(token, type=str) if "\\" in token else token[1:-1]


def _is_kept(path: _Path, string: str) -> bool:
    return _is_exempt(path) and (len(path) == 1 or _HEX32.fullmatch(string) is not None)


def _is_exempt(path: _Path) -> bool:
    return path == ("id",) or (len(path) == 2 and path[0] == "data" and path[1] in HEX32_FIELDS)

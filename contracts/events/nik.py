"""National identity numbers (NIK) must reach no log, topic or table: finding them, and replacing their digits by `#`.

A NIK is 16 decimal digits of any script whose 1st and 2nd are a province's code, 7th and 8th a day (women: + 40) and
9th and 10th a month. Blanks, dots, dashes and invisible characters may stand between them, letters beside them. It is
none where a further digit stands directly before or after, in a UUID, or in a run of hex digits that holds a letter.

    bytes --may_hold_nik--> False: surely none (one pass in C, what almost every record gets)
          --nik_in, redact_nik--> the strings, keys and numbers of the JSON one by one
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import msgspec

from contracts.events.data_structs import HEX32_FIELDS

_DIGITS: Final = 16
_BLANKS: Final = bytes(range(0x21)) + b".-\x7f"
"""ASCII characters that may stand between digits."""
_SEP: Final = r"[\x00-\x20.\-\x7f]*+"
# Up to 96, since 2022. No province has 20: dates of this century, which stand in many names of batches and trips, begin with it.
_PROVINCE: Final = rf"(?:[12]{_SEP}[1-9]|[3-8]{_SEP}[0-9]|9{_SEP}[0-6])"
_DAY: Final = rf"(?:[04]{_SEP}[1-9]|[1256]{_SEP}[0-9]|[37]{_SEP}[01])"
_MONTH: Final = rf"(?:0{_SEP}[1-9]|1{_SEP}[0-2])"
_SHAPE: Final = rf"{_PROVINCE}(?:{_SEP}[0-9]){{4}}{_SEP}{_DAY}{_SEP}{_MONTH}(?:{_SEP}[0-9]){{6}}"
# A look-ahead: of several that overlap each is found.
_NIK: Final = re.compile(rf"(?<![0-9])(?=({_SHAPE})(?![0-9]))")
_ROW: Final = re.compile(rf"(?:[0-9]{_SEP})++")
_DIGIT: Final = re.compile(r"[0-9]")
_PADDED: Final = re.compile(
    rf"{_SHAPE}[0-9]*|[0-9]*{_SHAPE}|(?P<pad>[0-9])(?P=pad)*{_SHAPE}(?P=pad)+"
)
_UUID: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])", re.I
)
_UUID_CHARS: Final = 36
_HEX_LETTERS: Final = frozenset("abcdefABCDEF")

_MAY_BE_DIGIT: Final = bytes(
    ord("0") if byte in b"0123456789" or byte > 0x7F else byte for byte in range(256)
)
_SIXTEEN: Final = b"0" * _DIGITS
_SHORT_ESCAPES: Final = (b"\\n", b"\\t", b"\\r", b"\\b", b"\\f")
_HEX_AS_DIGIT: Final = bytes(
    ord("0") if byte in b"0123456789abcdefABCDEF" else byte for byte in range(256)
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
# Short strings and numbers are stepped over in C: a body may hold a million of them.
_TOKEN: Final = re.compile(
    # `|(?!)`: Python before 3.11.5 goes on where the last choice failed, behind a long number, unless that choice takes
    # no character (cpython#106052).
    r"""(?:[^"0-9-]++|"(?!(?:child|mother|patient)")[^"\\]{0,15}+"|[0-9.eE+-]{1,15}+(?![0-9.eE+-])|(?!))*+"""
    r"""(?:"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<key>\s*+:)?|(?P<number>-?[0-9][0-9.eE+-]*+))""",
    re.DOTALL,
)


class _Plain(dict[int, str]):
    """For `str.translate`: a digit of any script as its ASCII digit, what may stand between digits as a blank."""

    _SEPARATES: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Mn", "Me"})
    """Blanks, invisible characters, dashes, and marks that are drawn on a digit (variants, keycaps)."""
    _ALSO: Final = frozenset(
        "\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\u3002\uff0e\uff61\ufe52\u2043\u2212\u115f\u1160\u3164\uffa0\u2800\ufffd"
    )
    """Dots, dashes and blanks that Unicode counts among signs and letters; what stands for bytes that are no UTF-8."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            plain = str(digit)
        elif char in self._ALSO or (code > 0x7F and unicodedata.category(char) in self._SEPARATES):
            plain = " "
        else:
            # Not stored: a hostile text must not fill the memory with all of Unicode.
            return char
        self[code] = plain
        return plain


_PLAIN: Final = _Plain({code: chr(code) for code in range(0x80)})


def may_hold_nik(value: bytes) -> bool:
    """False for bytes (JSON or not) that surely hold no NIK: the quick check of a full record."""
    if b"\\" in value:
        for escape in _SHORT_ESCAPES:
            value = value.replace(escape, b" ")
        # What follows may be an escape, and that a digit. It counts as five, which errs on the safe side.
        first, *others = value.split(b"\\u")
        if others:
            value = b"0".join(
                [first, *(one[:4].translate(_HEX_AS_DIGIT) + one[4:] for one in others)]
            )
    return _SIXTEEN in value.translate(_MAY_BE_DIGIT, _BLANKS)


def has_nik(text: str) -> bool:
    """True if `text` holds a NIK."""
    return next(_niks(text, _plain(text)), None) is not None


def redact_text(text: str) -> str:
    """`text` with the digits of every NIK replaced by `#`."""
    if len(text) < _DIGITS:
        return text
    plain = _plain(text)
    pieces: list[str] = []
    done = 0
    for start, end in _niks(text, plain):
        pieces += text[done:start], _without_digits(text[start:end], plain[start:end])
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def nik_in(line: bytes) -> bool:
    """True if a string, key or number of `line` (JSON in UTF-8) is or holds a NIK."""
    return may_hold_nik(line) and next(_redactions(line.decode()), None) is not None


def redact_nik(line: bytes) -> bytes:
    """`line` with the digits of every NIK replaced by `#`; all else stays byte for byte.

    A number that is a NIK becomes a string of `#`. What is no JSON in UTF-8 is read as one text, JSON's escapes resolved.
    """
    if not may_hold_nik(line):
        return line
    try:
        msgspec.json.decode(line)
        text = line.decode()
    except (ValueError, RecursionError):
        plain = _unescaped(line.decode(errors="replace"))
        return redact_text(plain).encode() if has_nik(plain) else line
    pieces: list[str] = []
    done = 0
    for start, end, instead in _redactions(text):
        pieces += text[done:start], instead
        done = end
    return "".join([*pieces, text[done:]]).encode()


def _plain(text: str) -> str:
    return text if text.isascii() else text.translate(_PLAIN)


def _niks(text: str, plain: str) -> Iterator[tuple[int, int]]:
    """Where a NIK begins and ends, in order. `plain`: `_plain(text)`, of the same length.

    Where two that overlap can be read, all digits of the row are one: thousands of readings of a hostile row cost as one.
    """
    match = _NIK.search(plain)
    while match is not None:
        start, end = match.span(1)
        following = _NIK.search(plain, start + 1)
        if not _is_of_a_longer_name(text, start, end):
            if following is not None and following.start() < end:
                row = _ROW.match(plain, start)
                assert row is not None  # noqa: S101 -- it begins with a digit
                end = row.end()
                following = _NIK.search(plain, end)
            yield start, end
        match = following


def _is_of_a_longer_name(text: str, start: int, end: int) -> bool:
    """Whether these 16 digits are part of a UUID, or of a run of hex digits that holds a letter."""
    if end - start == _DIGITS:
        # No digit stands beside them, so the run goes on only with a letter. Digits of other scripts are no hex digits.
        beside = text[max(start - 1, 0) : start] + text[end : end + 1]
        return text[start:end].isascii() and not _HEX_LETTERS.isdisjoint(beside)
    if end - start > _UUID_CHARS:
        return False
    nearby = _UUID.finditer(text, max(start - _UUID_CHARS, 0), end + _UUID_CHARS)
    return any(uuid.start() <= start and end <= uuid.end() for uuid in nearby)


def _without_digits(text: str, plain: str) -> str:
    if text == plain:
        return _DIGIT.sub("#", text)
    pairs = zip(text, plain, strict=True)
    return "".join("#" if digit.isdigit() else char for char, digit in pairs)


def _redactions(text: str) -> Iterator[tuple[int, int, str]]:
    """Of valid JSON: where a token that must not be stored begins and ends, and the token instead of it."""
    field, field_end = "", 0
    for token in _TOKEN.finditer(text):
        string = token["string"]
        if string is None:
            if _is_nik_number(token["number"]):
                yield *token.span("number"), f'"{"#" * _DIGITS}"'
            continue
        value = msgspec.json.decode(f'"{string}"', type=str) if "\\" in string else string
        start, end = token.start("string") - 1, token.end("string") + 1
        is_pseudonym = field in HEX32_FIELDS and not text[field_end:start].strip()
        stored = "#" * len(value) if is_pseudonym and _is_padded(value) else redact_text(value)
        if stored != value:
            yield start, end, msgspec.json.encode(stored).decode()
        field, field_end = (value, token.end()) if token["key"] is not None else ("", 0)


def _is_padded(value: str) -> bool:
    """A pseudonym of digits alone that is a NIK with something before or after it, or twice the same NIK."""
    return _PADDED.fullmatch(_plain(value)) is not None


def _is_nik_number(token: str) -> bool:
    """A JSON number whose whole part is a NIK. A point in a number separates no digits of one."""
    # A float holds the ten digits that the shape asks for, and has a bound where `1e999999999` has none.
    value = abs(float(token)) if len(token) >= _DIGITS else 0.0
    return 10 ** (_DIGITS - 1) <= value < 10**_DIGITS and has_nik(str(int(value)))


def _unescaped(text: str) -> str:
    """JSON's escapes in what may be no JSON."""
    if "\\" not in text:
        return text

    def char(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(match[2], match[0])

    plain = _ESCAPE.sub(char, text)
    # Two escapes may be one character.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

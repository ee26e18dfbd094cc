"""Lines to events: one call of msgspec for a record while all is well, else a diagnosis by line.

    value --decode_lines--> [event, event, refusal, event, ...]   index i = line i of the record
    event --contracts.checks.check--> None or a refusal           needs the registry and the time

Nothing that bytes can hold raises here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from contracts.events.codes import Code, Refusal
from contracts.events.event_types import MAX_EVENT_BYTES, Event, Origin
from contracts.events.lines import MAX_SPLIT_BYTES, split
from contracts.events.nik import may_hold_nik, nik_in, redact_nik, redact_text
from contracts.time.instant import BadInstantError, epoch_ms
from contracts.unreadable import UNREADABLE

_DECODER: Final = msgspec.json.Decoder(Event)
_TOGETHER: Final = 64
"""Records read in one call: enough to share its cost; and a bad one among them makes the others be read twice."""
_TOGETHER_NIK: Final = 16
_SOURCE: Final = re.compile(r"/([^/]+)/(sppg|clinic|recipient)/([^/]+)")
_STAMP_BYTES: Final = 100
"""`receivedtime` as ingest adds it has fewer."""
_CUT_BYTES: Final = 256
_MESSAGE: Final = re.compile(
    r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`)?", re.DOTALL
)
_TIMES: Final = frozenset(
    {
        "time",
        "recordedtime",
        "receivedtime",
        "data.cooked_at",
        "data.onset",
        "data.ate_at",
        "data.made_at",
        "data.since",
    }
)
_FIELD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_NAMED: Final = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)


class _Head(msgspec.Struct):
    """What the answer says of a line that is not decoded in full."""

    id: str | None = None
    source: str | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)
_RAW: Final = msgspec.json.Decoder(msgspec.Raw)


def decode_lines(value: bytes) -> list[Event | Refusal]:
    """Events of a record's value, one item a line, in order. Of two fields of one name the last counts.

    What is no event is a `Refusal` with the line's bytes, less any NIK.
    """
    events = _well_formed(value) if len(value) <= MAX_SPLIT_BYTES else None
    if events is None:
        return [decode_line(line) for line in split(value)]
    again = _complete(events)
    if may_hold_nik(value):
        again += _may_hold_nik(split(value))
    if len(value) > MAX_EVENT_BYTES:
        again += [i for i, line in enumerate(split(value)) if len(line) > MAX_EVENT_BYTES]
    items = cast(list[Event | Refusal], events)
    if again:
        lines = split(value)
        for index in again:
            items[index] = decode_line(lines[index])
    return items


def _may_hold_nik(lines: Sequence[bytes]) -> Iterator[int]:
    """The indexes of lines that `may_hold_nik`. Of a hundred UUIDs one may hold a NIK, so most records of many events do:
    a group of lines is asked first.
    """
    for at in range(0, len(lines), _TOGETHER_NIK):
        group = lines[at : at + _TOGETHER_NIK]
        if may_hold_nik(b"\n".join(group)):
            yield from (at + n for n, line in enumerate(group) if may_hold_nik(line))


def decode_records(values: Sequence[bytes]) -> Iterator[list[Event | Refusal]]:
    """`decode_lines` of each value, in order. Neighbours of one line each are read in one call."""
    at = 0
    while at < len(values):
        end, size = at, 0
        while end < min(at + _TOGETHER, len(values)) and values[end] and b"\n" not in values[end]:
            size += len(values[end]) + 1
            if size > MAX_SPLIT_BYTES:
                break
            end += 1
        if end - at > 1:
            yield from ([item] for item in decode_lines(b"\n".join(values[at:end])))
            at = end
        else:
            yield decode_lines(values[at])
            at += 1


def decode_line(line: bytes) -> Event | Refusal:
    """One event, or why it is none.

    `line` may hold newlines between JSON tokens, as a body of one event may.
    """
    if len(line) > MAX_EVENT_BYTES + _STAMP_BYTES:
        return _oversized(line)
    try:
        if not line.isascii():
            line.decode()
        event = _DECODER.decode(line)
    except msgspec.ValidationError:
        return _read_again(line)
    except UNREADABLE as error:
        return _not_json(line, error)
    return _judged(line, event)


def _oversized(line: bytes) -> Refusal:
    """Why a line that is too large is refused; of its bytes the first 64 KiB are stored, and the detail states their size and hash.

    Takes time for those alone: 800,000 strings of one line, made into objects, would stop the caller.
    """
    # A number at the cut is read to its end, so that its digits are replaced too.
    stored = line[: MAX_EVENT_BYTES + _CUT_BYTES]
    try:
        if not line.isascii():
            line.decode()
        _RAW.decode(line)
    except UNREADABLE as error:
        return _with_hash(_not_json(stored, error), line)
    try:
        head = _HEAD.decode(line)
    except msgspec.ValidationError:
        head = _Head()
    return _with_hash(_too_large(stored, len(line), head.id, head.source), line)


def _with_hash(refusal: Refusal, line: bytes) -> Refusal:
    # From a hash and the other characters of the line, the digits of a NIK could be found by trying.
    digest = "none, it may hold a NIK" if may_hold_nik(line) else hashlib.sha256(line).hexdigest()
    note = f"the line has {len(line)} bytes, the first 64 KiB are kept; SHA-256 of all: {digest}"
    return msgspec.structs.replace(refusal, detail=f"{refusal.detail}; {note}")


def _too_large(line: bytes, size: int, id_: str | None, source: str | None) -> Refusal:
    detail = f"the event has {size} bytes, at most {MAX_EVENT_BYTES} are taken"
    return _refused(line, Code.TOO_LARGE, detail, id_, source)


def recorded_ms(event: Event) -> int:
    """When the statement was made, epoch milliseconds."""
    return event.time_ms if event.recordedtime is None else epoch_ms(event.recordedtime)


def _well_formed(value: bytes) -> list[Event] | None:
    """The events, if every line is one of the right shape; else None."""
    try:
        if not value.isascii():
            value.decode()
        events = _DECODER.decode_lines(value)
    except UNREADABLE:
        return None
    # msgspec takes any white space between values, or none. Inside a JSON value no "}" is followed
    # by a newline and "{": where that stands at every newline, and there are as many values as
    # lines, each line is one value.
    newlines = value.count(b"\n") - value.endswith(b"\n")
    return events if len(events) == newlines + 1 and value.count(b"}\n{") == newlines else None


def _complete(events: list[Event]) -> list[int]:
    """Fill in what is derived; returns the indexes of events whose attributes do not allow it."""
    bad: list[int] = []
    text: str | None = None
    received_ms: int | None = None
    for index, event in enumerate(events):
        try:
            event.time_ms = epoch_ms(event.time)
            if event.receivedtime != text:
                # What ingest stamps is the same for all events of a batch.
                received_ms = None if event.receivedtime is None else epoch_ms(event.receivedtime)
                text = event.receivedtime
            event.received_ms = received_ms
            event.origin = origin_of(event.source)
            if event.recordedtime is not None:
                epoch_ms(event.recordedtime)
        except ValueError:
            bad.append(index)
    return bad


@lru_cache(maxsize=65_536)
def origin_of(source: str) -> Origin:
    """`/<region>/<kind>/<unit id>` taken apart. Raises `ValueError`."""
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise ValueError(f"{source!r} is not /<region>/<kind>/<unit id>")
    return Origin(*match.groups())


def _judged(line: bytes, event: Event) -> Event | Refusal:
    """`event`, if size, strings, times and source are right too."""
    size = len(line)
    if event.receivedtime is not None:
        # The limit is on what the device has sent.
        size -= len(',"receivedtime":""') + len(event.receivedtime)
    refusal = _unfit(line, size, event.id, event.source)
    if refusal is not None:
        return refusal
    if _complete([event]):
        code, detail = _bad_attribute(event)
        return _refused(line, code, detail, event.id, event.source)
    return event


def _unfit(line: bytes, size: int, id_: str | None, source: str | None) -> Refusal | None:
    """What is refused whatever the type: too many bytes, a NIK."""
    if size > MAX_EVENT_BYTES:
        return _too_large(line, size, id_, source)
    if nik_in(line):
        detail = "16 digits have the shape of a NIK: send a pseudonym, never the number itself"
        return _refused(line, Code.NIK, detail, id_, source)
    return None


def _bad_attribute(event: Event) -> tuple[Code, str]:
    for name in ("time", "recordedtime", "receivedtime"):
        text = getattr(event, name)
        try:
            if text is not None:
                epoch_ms(text)
        except BadInstantError as error:
            return error.code, f"{name} {error}"
    return (
        Code.BAD_SOURCE,
        "source is not /<region>/<kind>/<unit id>, with kind sppg, clinic or recipient",
    )


def _read_again(line: bytes) -> Event | Refusal:
    """Judge a line that msgspec read as JSON up to something that does not fit."""
    try:
        thing = msgspec.json.decode(line)
    except msgspec.ValidationError:
        return _refused(line, Code.OUT_OF_RANGE, "a number is too large", None, None)
    except UNREADABLE as error:
        return _not_json(line, error)
    if not isinstance(thing, dict):
        return _refused(line, Code.NOT_AN_EVENT, "the line is JSON, but no object", None, None)
    if isinstance(thing.get("data"), dict):
        thing["data"] = _whole_numbers(thing["data"])
    try:
        return _judged(line, msgspec.convert(thing, Event))
    except msgspec.ValidationError as error:
        message = str(error)
    id_, source = (
        text if isinstance(text := thing.get(name), str) else None for name in ("id", "source")
    )
    refusal = _unfit(line, len(line), id_, source)
    if refusal is not None:
        return refusal
    code, detail = _diagnosis(message)
    if code is Code.MISSING_FIELD and "data_base64" in thing:
        detail = "send `data` as a JSON object: bytes as data_base64 are not taken"
    return _refused(line, code, detail, id_, source)


def _whole_numbers(thing: Any) -> Any:
    """4.0 is the JSON value 4: msgspec takes it for a whole number only as 4."""
    if isinstance(thing, dict):
        return {key: _whole_numbers(value) for key, value in thing.items()}
    return int(thing) if isinstance(thing, float) and thing.is_integer() else thing


def _diagnosis(message: str) -> tuple[Code, str]:
    """Code and detail for what msgspec says of a well-formed JSON object."""
    match = _MESSAGE.fullmatch(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    named = _NAMED.fullmatch(what)
    if named:
        # A name that no field could have may be anything, a person's too.
        name = named[2] if _FIELD_NAME.fullmatch(named[2]) else "a name that is none"
        where = f"{path}.{name}" if path else name
        if named[1] == "missing required":
            return Code.MISSING_FIELD, f"{where} is missing"
        return Code.UNKNOWN_FIELD, f"{where} is no field of this type"
    if path == "type":
        return Code.UNKNOWN_TYPE, "type is none of the contract's types"
    if path == "subject" and what.startswith("Expected `null`"):
        return Code.UNKNOWN_FIELD, "subject: this type has no recipient"
    if path in _TIMES:
        return Code.NOT_RFC3339, f"{path} is no RFC 3339 date-time"
    # msgspec repeats what it does not know: "Invalid enum value 'x'".
    rule = (
        "is none of the values of this field"
        if what.startswith("Invalid")
        else f"{what[:1].lower()}{what[1:]}"
    )
    return Code.OUT_OF_RANGE, f"{path or 'the event'}: {rule}"


def _not_json(line: bytes, error: Exception) -> Refusal:
    deep = isinstance(error, RecursionError)
    detail = "the line is nested too deep" if deep else "the line is no JSON in UTF-8"
    return _refused(line, Code.NOT_JSON, detail, None, None)


def _refused(line: bytes, code: Code, detail: str, id_: str | None, source: str | None) -> Refusal:
    id_, source = (None if text is None else redact_text(text) for text in (id_, source))
    return Refusal(code, redact_text(detail), redact_nik(line), id_, source)

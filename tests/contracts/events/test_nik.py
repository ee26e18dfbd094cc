"""A NIK is found wherever it hides, and blotted out without touching anything else."""

from __future__ import annotations

import base64
import itertools
import json
import re
import sys
import unicodedata
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.events.codes import Code, Refusal
from contracts.events.decode import decode_line, decode_lines
from contracts.events.nik import has_nik, nik_in, redact_nik, redact_text
from tests.examples import event, line

NIK = "3211084509120001"
BLOT = "#" * 16
INCIDENT = "sppg.incident.reported"
ESCAPED = "".join(f"\\u00{ord(digit):02x}" for digit in NIK)


FULL_WIDTH = NIK.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})
ARABIC = NIK.translate({ord("0") + n: chr(0x0660 + n) for n in range(10)})
KEYCAPS = "".join(f"{digit}\ufe0f\u20e3" for digit in NIK)
UUID = "32110845-0912-4001-8234-123456789012"


@pytest.mark.parametrize(
    "text",
    [
        NIK, f"NIK:{NIK}", f"_{NIK}_", f"{NIK}.", f"a {NIK} b", f"\n{NIK}", f"é-{NIK}", f"nik{NIK}x", f"é{NIK}",
        f"{NIK} 081234567890", f"9 {NIK}", "3211 0845 0912 0001", "3211-0845-0912-0001", "32.11.08.450912.0001",
        "3211\t0845\xa009120001", "3211\u200b08450912\u20600001", "321108\u2013450912 - 0001", " ".join(NIK),
        FULL_WIDTH, ARABIC, NIK[:8] + ARABIC[8:], KEYCAPS, f"{UUID}/{NIK}", f"a{FULL_WIDTH}", "1100000101010000",
        "9400007112010000", "9501084509120001", "9671084509120001",
    ],
)  # fmt: skip
def test_is_a_nik(text: str) -> None:
    assert has_nik(text)
    assert not has_nik(redact_text(text))
    item = decode_line(line(INCIDENT, id=text))
    assert isinstance(item, Refusal) and item.code is Code.NIK


@pytest.mark.parametrize(
    "text",
    [
        "x", NIK[1:], NIK + "1", NIK + ARABIC[0], "a" + NIK, NIK + "F", f"{NIK}/"[:15], f"{NIK[:8]}/{NIK[8:]}", f"{NIK[:8]}:{NIK[8:]}",
        "1011084509120001", "9711084509120001", "3211080009120001", "3211083209120001", "3211084009120001", "3211087209120001",
        "3211084500120001", "3211084513120001", UUID, UUID.upper(), f"urn:uuid:{UUID}", "32110845-0912-0001-1234-123456789012",
        "2026112410153000", "B-20261124-0815-0001", "2026-11-24T10:15:30.1201234+07:00", NIK + NIK,
    ],
)  # fmt: skip
def test_is_no_nik(text: str) -> None:
    assert not has_nik(text)
    raw = line(INCIDENT, id=text, data={"kind": "other", "severity": 1, "note": text})
    assert not isinstance(decode_line(raw), Refusal)
    assert redact_nik(raw) == raw


HOLDERS = [
    line(INCIDENT, data={"note": f"lihat {NIK}"}),
    line(INCIDENT, data={"note": f"baris\n{NIK}"}),
    line(INCIDENT, data={"note": "?"}).replace(b"?", ESCAPED.encode()),
    line(INCIDENT, data={"note": "?"}).replace(b"?", NIK[:8].encode() + ESCAPED[48:].encode()),
    line(INCIDENT, data={"note": "?"}).replace(b"?", b"\\t" + NIK.encode()),
    line(INCIDENT, data={NIK: 1}),
    line(INCIDENT, id=NIK),
    line(INCIDENT, id=f"x{NIK}"),
    line(INCIDENT, extra=int(NIK)),
    line(INCIDENT, extra=-int(NIK)),
    line(INCIDENT, extra=[{"deep": float(NIK)}]),
    line(INCIDENT, extra="?").replace(b'"?"', b"3.211084509120001e15"),
    line("clinic.growth.measured", data={"child": NIK}),
    line("clinic.growth.measured", data={"child": NIK + "0" * 16}),
    line("clinic.growth.measured", data={"child": "0" * 16 + NIK}),
    line("clinic.growth.measured", data={"child": "9" * 8 + NIK + "9" * 8}),
    line("clinic.antenatal.visited", data={"mother": NIK + NIK}),
    line("clinic.case.reported", data={"patient": "0000" + NIK + "0000"}),
    line("clinic.growth.measured", data={"child": "?"}).replace(
        b'"child":"?"', b'"ch\\u0069ld":"' + (NIK * 2).encode() + b'"'
    ),
    line(INCIDENT, extra=NIK),
    line(INCIDENT, extra=[{"deep": [NIK]}]),
    line(INCIDENT, **{NIK: 1}),
    line(INCIDENT, subject=NIK),
    line(INCIDENT, source=f"/32.11/sppg/{NIK}"),
    line(INCIDENT, time=NIK),
    line(INCIDENT, supersedes=NIK),
    line(INCIDENT, type=NIK),
    line("sppg.meal.eaten", data={"eaten": {NIK: 1}}),
    line(INCIDENT, extra={"id": NIK}),
    line("sppg.cooking.finished", data={"child": NIK}).replace(b'"child"', b'"child "'),
    # Of two fields with one name the last counts, but both would be kept.
    line(INCIDENT).replace(b'"data":', b'"data":{"note":"' + NIK.encode() + b'"},"data":'),
    line("clinic.growth.measured").replace(
        b'"child":', b'"child":"' + NIK.encode() + b'","child":'
    ),
]


@pytest.mark.parametrize("raw", HOLDERS)
def test_refused_as_nik_and_kept_without(raw: bytes) -> None:
    item = decode_line(raw)
    assert isinstance(item, Refusal)
    assert item.code is Code.NIK
    assert decode_lines(line(INCIDENT) + b"\n" + raw)[1] == item
    for text in (item.line.decode(), item.detail, item.source or ""):
        assert NIK not in text
    assert ESCAPED.encode() not in item.line
    assert BLOT.encode() in item.line
    assert redact_nik(item.line) == item.line


@pytest.mark.parametrize(
    "raw",
    [
        line("clinic.growth.measured", data={"child": "12345678" * 4}),
        line("clinic.antenatal.visited", data={"mother": "abcdef" + NIK + "a" * 10}),
        line(INCIDENT, extra=[32.11084509120001, 1.5e300, -3, int(NIK + "1"), 10**15]),
        line(INCIDENT, extra="?").replace(b'"?"', b"1e999999999999999999999"),
        line(INCIDENT, extra=NIK + "0" * 16),
        line(INCIDENT, extra={"child": 5, "code": NIK + "0" * 16}),
        line(INCIDENT, extra=f"\\u{NIK[:4]}").replace(
            NIK[:4].encode(), NIK[:4].encode() + b'","more":"' + NIK[4:].encode()
        ),
    ],
)
def test_what_is_none_is_taken_as_it_is(raw: bytes) -> None:
    item = decode_line(raw)
    assert not isinstance(item, Refusal) or item.code is Code.OUT_OF_RANGE
    assert redact_nik(raw) == raw


def test_a_number_is_kept_as_a_string() -> None:
    item = decode_line(line("clinic.growth.measured", data={"child": int(NIK)}, extra=[1.5, -3]))
    assert isinstance(item, Refusal)
    assert json.loads(item.line)["data"]["child"] == BLOT
    assert json.loads(item.line)["extra"] == [1.5, -3]


@pytest.mark.parametrize(
    "raw",
    [
        b"{" + line(INCIDENT, data={"note": NIK}),
        NIK.encode(),
        b"\xff" + NIK.encode(),
        b'"\\n' + NIK.encode(),
    ],
)
def test_what_is_no_json_is_kept_without_a_nik(raw: bytes) -> None:
    item = decode_line(raw)
    assert isinstance(item, Refusal)
    assert NIK.encode() not in item.line


def test_a_broken_line_with_escaped_digits_is_kept_without_a_nik() -> None:
    item = decode_line(b'{"note":"' + ESCAPED.encode())
    assert isinstance(item, Refusal)
    assert item.line == b'{"note":"' + BLOT.encode()


def test_ids_that_devices_make_are_not_taken_for_one() -> None:
    """Of 20,000 each; a random row of 16 digits is one in sixteen times."""
    rng = Random(1)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    makers: dict[str, Callable[[], str]] = {
        "uuid": lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "hex32": lambda: rng.randbytes(16).hex(),
        "sha256": lambda: rng.randbytes(32).hex(),
        "base64": lambda: base64.urlsafe_b64encode(rng.randbytes(16)).decode(),
        "time": lambda: (at + timedelta(seconds=rng.random() * 3e7)).isoformat(),
        "stamp": lambda: (at + timedelta(seconds=rng.random() * 3e7)).strftime("%Y%m%d-%H%M%S-%f")[
            :18
        ],
        "milliseconds": lambda: str(1_795_490_130_120 + rng.getrandbits(32)),
        "nanoseconds": lambda: str(1_795_490_130_120_000_000 + rng.getrandbits(40)),
        "batch": lambda: (
            f"B-{rng.randint(1, 9999):04}-2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
        ),
    }
    alarms = {name: sum(has_nik(make()) for _ in range(20_000)) for name, make in makers.items()}
    assert alarms == dict.fromkeys(makers, 0)
    rows = sum(has_nik(f"{rng.randrange(10**16):016}") for _ in range(20_000))
    assert 0.04 < rows / 20_000 < 0.08


def _separates(char: str) -> bool:
    return char in ".·" or unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Mn")


def readings(text: str) -> list[range]:
    """Where a NIK can be read, by the words of the contract: each start is tried."""
    found = []
    for start in range(len(text)):
        if not text[start].isdecimal() or text[start - 1 : start].isdecimal():
            continue
        digits, end = "", start
        while end < len(text) and len(digits) < 16:
            if text[end].isdecimal():
                digits += str(unicodedata.decimal(text[end]))
            elif not _separates(text[end]):
                break
            end += 1
        if len(digits) < 16 or text[end : end + 1].isdecimal():
            continue
        province, day, month = int(digits[:2]), int(digits[6:8]), int(digits[8:10])
        if not (11 <= province <= 96 and province != 20 and 1 <= month <= 12):
            continue
        if not (1 <= day <= 31 or 41 <= day <= 71):
            continue
        names = re.finditer(
            r"(?<![0-9a-f])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", text
        )
        runs = (run for run in re.finditer("[0-9a-fA-F]+", text) if re.search("[a-fA-F]", run[0]))
        if not any(one.start() <= start and end <= one.end() for one in (*names, *runs)):
            found.append(range(start, end))
    return found


PIECES = st.one_of(
    st.sampled_from([NIK, FULL_WIDTH, ARABIC, UUID, "3211 0845 0912 0001", "08", "4509", "12", "a", "é", "nik", "/", "b1", "\\", '"']),
    st.text("0123456789", max_size=17),
    st.text("0123456789 .-\u200b\u2013\xa0", max_size=40),
    st.integers(min_value=1100000101010000, max_value=9499993112319999).map(str),
    st.uuids().map(str),
    st.text(max_size=3),
)  # fmt: skip


@given(st.lists(PIECES, max_size=6).map("".join), st.booleans())
@example(" ".join("3211084509120001" * 2), True)
def test_a_nik_is_found_and_its_digits_replaced_where_the_contract_says(
    text: str, ascii_only: bool
) -> None:
    found = readings(text)
    assert has_nik(text) is bool(found)
    redacted = redact_text(text)
    assert not has_nik(redacted) and len(redacted) == len(text)
    replaced = {at for at, (old, new) in enumerate(zip(text, redacted, strict=True)) if old != new}
    wanted = {at for reading in found for at in reading if text[at].isdecimal()}
    assert replaced >= wanted and all(
        text[at].isdecimal() and redacted[at] == "#" for at in replaced
    )
    if all(one.stop <= other.start for one, other in itertools.pairwise(found)):
        assert replaced == wanted
    raw = json.dumps(event(INCIDENT, extra=text), ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    if raw.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        assert nik_in(raw) is bool(found)
        assert json.loads(redact_nik(raw))["extra"] == redacted


@given(st.binary(max_size=80).map(lambda raw: raw + NIK.encode() + raw))
def test_redaction_of_any_bytes(raw: bytes) -> None:
    assert redact_nik(redact_nik(raw)) == redact_nik(raw)


@pytest.mark.parametrize(
    "row",
    ["1 ", NIK + " ", '","', "\\u0031", '\\u0031","', "\uff13 ", "1" + " " * 1000, "\u4e2d"],
    ids=repr,
)
def test_no_body_is_searched_for_long(row: str) -> None:
    """Work is counted, not time: how often the search goes from C back to Python."""
    raw = f'["{row * (1_000_000 // len(row))}","{NIK}"]'.encode()
    steps = 0

    def count(_frame: object, event_: str, _arg: object) -> None:
        nonlocal steps
        steps += event_ in ("call", "c_call")

    sys.setprofile(count)
    try:
        kept = redact_nik(raw)
    finally:
        sys.setprofile(None)
    assert NIK.encode() not in kept
    assert steps < 5 * len(raw)

"""A NIK is found wherever it hides, and blotted out without touching anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.codes import Code, Refusal
from contracts.events.decode import decode_line, decode_lines
from contracts.events.nik import has_nik, redact_nik
from tests.examples import event, line

NIK = "3211084509120001"
BLOT = "#" * 16
INCIDENT = "sppg.incident.reported"
ESCAPED = "".join(f"\\u00{ord(digit):02x}" for digit in NIK)


@pytest.mark.parametrize(
    "text", [NIK, f"NIK:{NIK}", f"_{NIK}_", f"{NIK}.", f"a {NIK} b", f"\n{NIK}", f"é-{NIK}"]
)
def test_is_a_nik(text: str) -> None:
    assert has_nik(text)


@pytest.mark.parametrize(
    "text", ["", NIK[1:], NIK + "1", "a" + NIK, NIK + "Z", "é" + NIK, f"{NIK[:8]} {NIK[8:]}"]
)
def test_is_no_nik(text: str) -> None:
    assert not has_nik(text)
    raw = line(INCIDENT, data={"note": text})
    assert not isinstance(decode_line(raw), Refusal)
    assert redact_nik(raw) == raw


HOLDERS = [
    line(INCIDENT, data={"note": f"lihat {NIK}"}),
    line(INCIDENT, data={"note": f"baris\n{NIK}"}),
    line(INCIDENT, data={"note": "?"}).replace(b"?", ESCAPED.encode()),
    line(INCIDENT, data={"note": "?"}).replace(b"?", NIK[:8].encode() + ESCAPED[48:].encode()),
    line(INCIDENT, data={"note": "?"}).replace(b"?", b"\\t" + NIK.encode()),
    line(INCIDENT, data={NIK: 1}),
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
        line(INCIDENT, id=NIK),
        line("clinic.growth.measured", data={"child": NIK + "0" * 16}),
        line("clinic.antenatal.visited", data={"mother": "abcdef" + NIK + "a" * 10}),
    ],
)
def test_ids_pseudonyms_and_numbers_may_hold_sixteen_digits(raw: bytes) -> None:
    assert not isinstance(decode_line(raw), Refusal)
    assert redact_nik(raw) == raw


def test_a_number_is_no_nik_but_is_not_kept_when_refused() -> None:
    assert not isinstance(decode_line(line(INCIDENT, extra=int(NIK))), Refusal)
    item = decode_line(line("clinic.growth.measured", data={"child": int(NIK)}, extra=[1.5, -3]))
    assert isinstance(item, Refusal)
    assert json.loads(item.line)["data"]["child"] == BLOT
    assert json.loads(item.line)["extra"] == [1.5, -3]


def test_a_nik_in_place_of_a_pseudonym_is_not_kept() -> None:
    item = decode_line(line("clinic.growth.measured", data={"child": NIK}))
    assert isinstance(item, Refusal)
    assert item.code is Code.OUT_OF_RANGE
    assert NIK.encode() not in item.line


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


@given(st.text(alphabet='0123456789a"\\ \né', max_size=60), st.booleans())
def test_redaction_blots_exactly_the_niks(text: str, ascii_only: bool) -> None:
    raw = json.dumps(event(INCIDENT, extra=text), ensure_ascii=ascii_only).encode()
    kept = json.loads(redact_nik(raw))["extra"]
    assert not has_nik(kept)
    assert len(kept) == len(text)
    assert (kept == text) is not has_nik(text)


@given(st.binary(max_size=80).map(lambda raw: raw + NIK.encode() + raw))
def test_redaction_of_any_bytes(raw: bytes) -> None:
    assert redact_nik(redact_nik(raw)) == redact_nik(raw)

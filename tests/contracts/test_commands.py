"""Commands travel as they were said, and nothing else is taken for one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import (
    Acknowledge,
    AnswerReturn,
    Assess,
    Command,
    Confirm,
    Hold,
    MarkStep,
    Release,
    ReturnReport,
    decode_alert_command,
    decode_command,
    encode_command,
)

ACKNOWLEDGE = Acknowledge(
    id="c-1", region="32.11", alert_id="a", by="dewi", note="ditelepon", until_ms=1_795_490_132_000
)
ASSESS = Assess(
    id="c-2", region="32.11", alert_id="a", by="rina", note="lab", assessment="verified"
)

HOLD = Hold(
    id="c-3", region="32.11", alert_id="a", by="rina", note="uji", unit="SPPG-3211-0001",
    batch="B-1", recipients=("npsn:1", "npsn:2"),
)  # fmt: skip
STEP = MarkStep(
    id="c-6", region="32.11", alert_id="a", by="rina", note="Telepon", step="telepon", done=True
)
ANSWERS = (
    Confirm(id="c-4", region="32.11", alert_id=HOLD.shown_as, by="npsn:1", note="", eaten=True),
    Release(id="c-5", region="32.11", alert_id=HOLD.shown_as, by="rina", note="baik"),
)
RETURNED = ReturnReport(
    id="c-7", region="32.11", by="rina", note="periksa lagi", unit="npsn:1", event="e-1",
    type="recipient.meal.eaten",
)  # fmt: skip
ON_REPORTS = (
    RETURNED,
    AnswerReturn(
        id="c-8", region="32.11", by="npsn:1", note="", unit="npsn:1", event="e-1", answer="e-2"
    ),
)


@pytest.mark.parametrize("command", [ACKNOWLEDGE, ASSESS, STEP, HOLD, *ANSWERS, *ON_REPORTS])
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@given(st.binary(max_size=60))
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_command(value)


@pytest.mark.parametrize("field", ["id", "by"])
def test_nobody_commands_without_a_name(field: str) -> None:
    value = encode_command(msgspec.structs.replace(ASSESS, **{field: ""}))
    with pytest.raises(msgspec.ValidationError):
        decode_command(value)


def test_a_hold_is_of_somebody() -> None:
    nobody = encode_command(msgspec.structs.replace(HOLD, recipients=()))
    with pytest.raises(msgspec.ValidationError):
        decode_command(nobody)


@pytest.mark.parametrize(
    "change", [{"unit": ""}, {"event": "e" * 101}, {"type": ""}, {"note": "n" * 501}, {"by": ""}]
)
def test_what_is_no_return_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_command(encode_command(msgspec.structs.replace(RETURNED, **change)))


@pytest.mark.parametrize("command", ON_REPORTS)
def test_a_command_on_a_report_is_none_on_an_alert(command: Command) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_alert_command(encode_command(command))

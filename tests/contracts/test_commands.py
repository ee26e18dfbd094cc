"""Commands travel as they were said, and nothing else is taken for one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import Acknowledge, Assess, Command, decode_command, encode_command

ACKNOWLEDGE = Acknowledge(
    id="c-1", region="32.11", alert_id="a", by="dewi", note="ditelepon", until_ms=1_795_490_132_000
)
ASSESS = Assess(
    id="c-2", region="32.11", alert_id="a", by="rina", note="lab", assessment="verified"
)


@pytest.mark.parametrize("command", [ACKNOWLEDGE, ASSESS])
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

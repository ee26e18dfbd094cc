"""Records that anyone may write to `live`: the gateway leaves them out, says so, and takes the next frame."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.results.topics import HEAD_KEY, SEQ_HEADER
from dashboard_ws.gateway.live.day_line import DayLine
from dashboard_ws.gateway.live.region_map import Change, Frame
from dashboard_ws.gateway.stream.frames import BadRecordError, FrameBuffer
from tests import hostile
from tests.hostile import DEEP, HostileRecord

_HEAD = b"32.08|" + HEAD_KEY.encode()


def _add(buffer: FrameBuffer, record: HostileRecord) -> None:
    seq = dict(record.headers).get(SEQ_HEADER)
    buffer.add(record.key or b"", record.value, seq, record.time_ms)


@settings(max_examples=300)
@given(st.lists(hostile.records, max_size=8))
def test_the_next_frame_closes(found: list[HostileRecord]) -> None:
    buffer = FrameBuffer(0)
    for record in found:
        try:
            _add(buffer, record)
        except BadRecordError:
            continue
    closed = buffer.add(_HEAD, b'{"epoch":"e","seq":7}', None, 0)
    assert closed is not None
    assert (closed[0], closed[1].seq) == ("32.08", 7)


@pytest.mark.parametrize(
    ("key", "value", "seq"),
    [
        (b"32.11|k", b'{"topic":"x"}', b"9" * 5_000),
        (b"32.11|k", b'{"topic":"x","z":' + DEEP + b"}", b"1"),
        (b"32.11|k", b'{"topic":"\xff"}', b"1"),
        (b"32.11|k", b'{"topic":"x","note":"\xff"}', b"1"),
        (_HEAD, b'{"epoch":"e","seq":1,"z":' + DEEP + b"}", None),
        (_HEAD, b'{"epoch":"\xff","seq":1}', None),
    ],
)
def test_what_cannot_be_read_is_a_bad_record(key: bytes, value: bytes, seq: bytes | None) -> None:
    with pytest.raises(BadRecordError):
        FrameBuffer(0).add(key, value, seq, 0)


def test_a_row_whose_time_is_none_makes_no_point() -> None:
    line = DayLine("k")
    counts = ",".join(
        f'"portions_{one}":1' for one in ("cooked", "dispatched", "received", "eaten")
    )
    row = b'{"day":"2026-11-24","as_of":"x",%s}' % counts.encode()
    line.note(Frame("e", 1, {"k": Change(1, row, "performance")}, 0))
    assert line.points("2026-11-24") == []

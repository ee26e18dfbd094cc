"""RFC 3339 to milliseconds, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.codes import Code
from contracts.time.instant import BadInstantError, epoch_ms

_OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(timezones=_OFFSETS), st.sampled_from(["auto", "milliseconds", "seconds"]))
def test_agrees_with_the_standard_library(moment: datetime, precision: str) -> None:
    text = moment.isoformat(timespec=precision)
    parsed = datetime.fromisoformat(text)
    assert epoch_ms(text) == (parsed - _EPOCH) // timedelta(milliseconds=1)
    assert epoch_ms(text) == epoch_ms(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.001z", 1),
        ("1970-01-01 07:00:00+07:00", 0),
        ("1969-12-31T23:59:59.9999999-00:00", -1),
        ("2026-11-24T23:59:59.9999999+07:00", 1_795_539_599_999),
        ("1970-01-01T00:00:00.1Z", 100),
    ],
)
def test_is_cut_not_rounded(text: str, expected: int) -> None:
    assert epoch_ms(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24",
        "2026-11-24T10:15Z",
        "2026-11-24T10:15:30+0700",
        "2026-11-24T10:15:30-0700",
        "2026-11-24T10:15:30+07",
        "2026-11-24T10:15:30.Z",
        "2026-11-24T10:15:30,5Z",
        "2026-11-24T10:15:60Z",
        "2026-11-24T24:00:00Z",
        "2026-02-29T10:15:30Z",
        "2026-13-01T10:15:30Z",
        "0000-01-01T00:00:00Z",
        "2026-11-24T10:15:30+24:00",
        "2026-11-24T10:15:30Z\n",
        " 2026-11-24T10:15:30Z",
        "\uff12026-11-24T10:15:30Z",
        "20261124T101530Z",
        "1795464000",
    ],
)
def test_is_no_rfc3339(text: str) -> None:
    with pytest.raises(BadInstantError) as caught:
        epoch_ms(text)
    assert caught.value.code is Code.NOT_RFC3339


def test_needs_an_offset() -> None:
    with pytest.raises(BadInstantError) as caught:
        epoch_ms("2026-11-24T10:15:30.5")
    assert caught.value.code is Code.NO_OFFSET

"""Who of those present has eaten: only of recipients that say both, and only of the day asked for."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from dashboard_ws.gateway.live import attendance_sums
from dashboard_ws.gateway.live.attendance_sums import AttendanceSums, Attended
from dashboard_ws.gateway.live.region_map import Change, Frame

DAY = "2026-11-24"


def frame(*rows: tuple[str, dict[str, Any] | None]) -> Frame:
    changes = {
        key: Change(1, None if row is None else msgspec.json.encode(row), "reception", "recipient")
        for key, row in rows
    }
    return Frame("e", 1, changes)


def said(recipient: str, present: int, eaten: int, day: str = DAY) -> tuple[str, dict[str, Any]]:
    row = {"day": day, "present": present, "eaten_confirmed": eaten}
    return f"reception/recipient/{recipient}/1d", row


def test_sums_are_of_recipients_that_say_both() -> None:
    one = AttendanceSums()
    one.note(frame(said("A", 100, 90), said("B", 50, 0), said("C", 0, 40), said("D", 10, 10)))
    assert one.sums(DAY) == Attended(2, 110, 100)
    one.note(frame(said("B", 50, 49), said("D", 0, 0, day="2026-11-25")))
    assert one.sums(DAY) == Attended(2, 150, 139)
    assert one.sums("2026-11-25") == Attended()


def test_other_rows_damaged_ones_and_those_that_are_gone_are_in_no_sum() -> None:
    one = AttendanceSums()
    week = "reception/recipient/A/7d", said("A", 9, 9)[1]
    area = "reception/kecamatan/32.11.08/1d", said("A", 9, 9)[1]
    one.note(frame(week, area, said("B", 5, 5), ("reception/recipient/C/1d", {"day": DAY})))
    assert one.sums(DAY) == Attended(1, 5, 5)
    one.note(frame(("reception/recipient/B/1d", None)))
    assert one.sums(DAY) == Attended()


def test_rows_are_read_when_somebody_asks_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    decode = attendance_sums._decoder.decode

    def noted(body: bytes) -> Any:
        read.append(body)
        return decode(body)

    monkeypatch.setattr(attendance_sums, "_decoder", Mock(decode=noted))
    one = AttendanceSums()
    for eaten in range(1, 9):
        one.note(frame(said("A", 9, eaten), said("B", 9, eaten)))
    one.note(frame(("reception/recipient/B/1d", None)))
    assert read == []
    assert one.sums(DAY) == one.sums(DAY) == Attended(1, 9, 8)
    assert len(read) == 1

"""Thousands of open alerts and of readings: one more must not cost more for each that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from streams.core.alerts.alert import WASPADA, AlertCause
from streams.core.alerts.alert_book import AlertBook
from streams.core.alerts.kinds.temperatures import OutReading, SensorLog

MANY = 5_000


class CountedSet(set[str]):
    """Counts how often it is asked."""

    asked = 0

    def __contains__(self, item: object) -> bool:
        CountedSet.asked += 1
        return super().__contains__(item)


class CountedList(list[Any]):
    """Counts how many items are read."""

    read = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        CountedList.read += len(found) if isinstance(at, slice) else 1
        return found

    def __iter__(self) -> Iterator[Any]:
        for one in super().__iter__():
            CountedList.read += 1
            yield one


def raise_one(book: AlertBook, number: int) -> str:
    cause = AlertCause("SPPG-3211-0001", f"npsn:{number}", number, WASPADA, {}, (str(number),), {})
    book.settle("over_4h", str(number), cause, number, "corrected")
    alert = book.open("over_4h", str(number))
    assert alert is not None
    return alert.short_id


def test_a_short_id_is_found_at_once_and_numbers_begin_again_once_the_first_is_free() -> None:
    book = AlertBook(lambda _alert: None)
    book._taken = CountedSet()
    ids = [raise_one(book, number) for number in range(MANY)]
    assert len(set(ids)) == MANY
    assert CountedSet.asked <= 3 * MANY
    letter = ids[0][0]
    assert ids[0] == f"{letter}1" and ids[-1] == f"{letter}{MANY}"
    first = book.open("over_4h", "0")
    assert first is not None
    book.resolve(first, MANY, "corrected")
    assert [raise_one(book, MANY + number) for number in range(3)] == [
        f"{letter}{MANY + 1}",
        f"{letter}1",
        f"{letter}{MANY + 2}",
    ]


def test_a_reading_of_a_sensor_that_flaps_reads_little_of_its_log() -> None:
    log = SensorLog(
        stretches=CountedList((at, at + 1) for at in range(2, 4 * MANY, 4)),
        out=CountedList(OutReading(at, str(at), 9.0) for at in range(0, 4 * MANY, 4)),
    )
    assert [(len(row), over) for row, over in log.rows()] == [
        (1, at) for at in range(2, 4 * MANY, 4)
    ]
    assert CountedList.read <= 40 * MANY
    CountedList.read = 0
    log.add_in_range(2 * MANY + 1, 1)
    log.add_out(OutReading(4 * MANY, "last", 9.0))
    for time in (2 * MANY, 4 * MANY):
        assert [len(row) for row, _ in log.rows_at(time)] == [1]
    assert CountedList.read < 200


def test_a_long_row_that_is_thinned_out_says_the_same() -> None:
    log, all_of_it = SensorLog(out=[], stretches=[]), []
    for number in range(3 * MANY):
        celsius = {4_000: -3.0, 9_001: 40.0}.get(number, 9.0)
        all_of_it.append(OutReading(number * 7_000, str(number), celsius))
        log.add_out(all_of_it[-1])
        log.thin_out()
    ((row, over),) = log.rows()
    assert over == 0
    assert len(row) <= 2_000
    assert row[:16] == all_of_it[:16] and row[-1] == all_of_it[-1]
    assert {-3.0, 40.0} < {one.temp_c for one in row}


def test_of_a_sensor_that_flaps_the_newest_half_remains() -> None:
    log = SensorLog(out=[], stretches=[])
    for number in range(2 * MANY):
        if number % 2:
            log.add_in_range(number * 7_000, 1)
        else:
            log.add_out(OutReading(number * 7_000, str(number), 9.0))
        log.thin_out()
    assert len(log.out) + len(log.stretches) <= 2_000
    assert log.out[-1].id == str(2 * MANY - 2)
    assert len(list(log.rows())) >= 500


def test_an_alert_stores_and_lists_a_limited_number() -> None:
    book = AlertBook(lambda _alert: None)
    ids = tuple(map(str, range(MANY + 1_000)))
    cause = AlertCause("SPPG-3211-0001", "B1", 1, WASPADA, {}, ids[:10], {"trips": list(ids)})
    book.settle("over_4h", "B1", cause, 1, "corrected")
    book.settle("over_4h", "B1", cause._replace(events=ids), 2, "corrected")
    alert = book.open("over_4h", "B1")
    assert alert is not None
    assert alert.events == list(ids[:5_000])
    evidence = json.loads(alert.evidence)
    assert evidence["trips"] == list(ids[:500])
    assert evidence["event_count"] == len(ids)

"""Whatever Kafka holds and the store lacks, or the other way round, the audit names."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from audit.kafka_lines import KafkaEventLog, LoggedLines, Partition
from audit.landed import Days, lines
from audit.run import audit
from audit.scratch import Scratch
from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.cluster import Cluster
from contracts.registry.region_rows import Thresholds
from contracts.results.topics import (
    COMMAND,
    COMMANDS,
    CONTROL_HEADER,
    SPPG_EVENTS,
    TICK,
    control_headers,
)
from contracts.time.clock import RealClock
from storage.schema import STORE
from tests.audit.audit_installation import REGION, History, Installation
from tests.audit.memory_log import MemoryLog
from tests.fixtures_sinks import wait_until

_KEY = b"k" * 32


@pytest.fixture
def installation(store: Client) -> Installation:
    made = Installation(store)
    made.play(History(21, events=120, days=12))
    return made


def look(
    installation: Installation, log: MemoryLog, first: date | None = None, last: date | None = None
) -> list[tuple[str, tuple[str, ...], str, str]]:
    """Unit, event, and both sides of each difference."""
    with Scratch(installation.client) as scratch:
        days = Days(REGION, "Asia/Jakarta", first, last)
        found = lines(scratch, log, days, 0.0, lambda _line: None)
    assert found.rows > 0
    return [(one.area_id, one.events, one.stored, one.recomputed) for one in found.differences]


def logged(installation: Installation) -> MemoryLog:
    return MemoryLog(installation.logged)


def a_line(installation: Installation) -> tuple[Any, ...]:
    """A heartbeat: it counts in no window, so nothing else can miss it. Not a partition's first: Kafka may have forgotten that."""
    found = installation.client.query(
        "SELECT topic, partition, offset, unit_id, id, toDate(time, 'Asia/Jakarta') "
        f"FROM {STORE}.raw_lines WHERE type = 'unit.heartbeat' AND parsed = 1 AND abs(time - append_at) < 86400 "
        f"AND (topic, partition, offset) NOT IN (SELECT topic, partition, min(offset) FROM {STORE}.raw_lines GROUP BY topic, partition) "
        "ORDER BY time LIMIT 1"
    ).result_rows[0]
    return tuple(found)


def delete(store: Client, line: tuple[Any, ...]) -> None:
    store.command(
        f"ALTER TABLE {STORE}.raw_lines DELETE WHERE topic = '{line[0]}' AND partition = {line[1]} "
        f"AND offset = {line[2]}",
        settings={"mutations_sync": "1"},
    )


def test_a_line_that_the_store_lacks(installation: Installation) -> None:
    line = a_line(installation)
    assert look(installation, logged(installation)) == []
    delete(installation.client, line)
    missing = [(line[3], (line[4],), "absent", "on Kafka")]
    assert look(installation, logged(installation)) == missing
    day = line[5]
    assert look(installation, logged(installation), day, day) == missing
    # It is of that day alone.
    later = date.fromordinal(day.toordinal() + 3)
    assert look(installation, logged(installation), later, later) == []


def test_the_audit_reports_lines_and_letters(installation: Installation) -> None:
    line = a_line(installation)
    delete(installation.client, line)
    installation.client.command(
        f"ALTER TABLE {STORE}.dead_letters DELETE WHERE letter_id = (SELECT min(letter_id) FROM {STORE}.dead_letters)",
        settings={"mutations_sync": "1"},
    )
    log = MemoryLog(installation.logged, [LoggedLines(0, b"no letter")])
    days = (None, None, Thresholds(), lambda _line: None, 0.5, 0.0)
    report = audit(installation.client, REGION, *days, log=log)
    line_on_kafka, letter_on_kafka, without_letter = report.differences
    assert (line_on_kafka.column, line_on_kafka.events) == ("line", (line[4],))
    assert (letter_on_kafka.view, letter_on_kafka.recomputed) == ("dead_letters", "on Kafka")
    assert (without_letter.view, without_letter.recomputed) == ("dead_letters", "present")


def test_one_line_of_a_record(installation: Installation) -> None:
    line = a_line(installation)
    log = logged(installation)
    some = log.records[Partition(line[0], line[1])]
    at = next(index for index, one in enumerate(some) if one.offset == line[2])
    second = some[at].value.replace(line[4].encode(), b"second")
    some[at] = some[at]._replace(value=some[at].value + b"\n" + second)
    assert look(installation, log) == [(line[3], ("second",), "absent", "on Kafka")]


def test_a_line_that_kafka_never_had(installation: Installation) -> None:
    line = a_line(installation)
    log = logged(installation)
    place = Partition(line[0], line[1])
    log.records[place] = [one for one in log.records[place] if one.offset != line[2]]
    assert look(installation, log) == [(line[3], (line[4],), "present", "not on Kafka")]


def test_what_kafka_has_forgotten_is_no_difference(installation: Installation) -> None:
    log = logged(installation)
    for place, some in log.records.items():
        log.records[place] = some[len(some) // 2 :]
    assert look(installation, log) == []


def test_the_days_of_a_region_are_those_of_its_zone() -> None:
    day = date(2026, 11, 24)
    assert Days(REGION, "Asia/Jakarta", day, day).span_ms() == (1795453200000, 1795539600000)


def test_the_log_is_read_as_the_sink_reads_it(broker: str) -> None:
    """Signed control records, transactions taken back, markers at the end and empty values are no lines."""
    plain = KafkaProducer(bootstrap_servers=broker)
    owner = KafkaProducer(bootstrap_servers=broker, transactional_id="audit-test")
    owner.init_transactions()
    with closing(CommittedLog(Cluster(broker), "audit")) as committed:
        log = KafkaEventLog(committed, _KEY, RealClock())
        place = Partition(SPPG_EVENTS, 1)
        before = log.spans()[place][1]
        plain.send(SPPG_EVENTS, b"one\ntwo", partition=1)
        plain.send(
            SPPG_EVENTS,
            b"{}",
            partition=1,
            headers=control_headers(_KEY, TICK, SPPG_EVENTS, 1, b"{}"),
        )
        plain.send(SPPG_EVENTS, b"forged", partition=1, headers=[(CONTROL_HEADER, b"tick")])
        plain.send(SPPG_EVENTS, None, key=b"empty", partition=1)
        plain.flush()
        for value in (b"back", b"stays"):
            owner.begin_transaction()
            owner.send(SPPG_EVENTS, value, partition=1)
            owner.flush()
            if value == b"back":
                owner.abort_transaction()
            else:
                owner.commit_transaction()
        # A marker is written a moment after its commit is answered.
        wait_until(lambda: log.spans()[place][1] == before + 8)
        first, end = log.spans()[place]
        found = list(log.read(place, max(first, before), end))
        assert [(one.offset - before, one.value) for one in found] == [
            (0, b"one\ntwo"),
            (2, b"forged"),
            (3, b""),
            (6, b"stays"),
        ]
        assert list(log.read(place, before + 1, before + 2)) == []
        signed = control_headers(_KEY, COMMAND, COMMANDS, 0, b"{}")
        for value, headers in ((b"forged", [(CONTROL_HEADER, b"command")]), (b"{}", signed)):
            plain.send(COMMANDS, value, partition=0, headers=headers)
        plain.flush()
        assert [one.text for one in log.commands()][-1:] == ["{}"]
        assert "forged" not in [one.text for one in log.commands()]
    plain.close()
    owner.close()

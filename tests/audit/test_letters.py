"""A refused line without a dead letter, and a letter that only Kafka has, are differences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import date

import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from audit import letters
from audit.kafka_lines import KafkaEventLog, LoggedLines
from audit.landed import Days
from audit.recompute import steps
from audit.report import Difference
from audit.scope import Cut, DayRange, Scope
from audit.scratch import Scratch
from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.cluster import Cluster
from contracts.registry.region_rows import Thresholds
from contracts.results.table_rows import LETTERS_IN_FULL
from contracts.results.topics import DEAD_LETTERS, EVENT_TOPICS, TABLE_HEADER
from contracts.time.clock import RealClock
from contracts.time.days import DAY_MS
from storage.schema import STORE
from tests.audit.audit_installation import KITCHENS, REGION, START_MS, History, Installation
from tests.audit.memory_log import MemoryLog


@pytest.fixture
def installation(store: Client) -> Installation:
    made = Installation(store)
    made.play(History(21, events=60, days=3))
    return made


def send(installation: Installation, line: bytes) -> None:
    installation.send(START_MS + 20 * DAY_MS, KITCHENS[0], line)
    installation.flush()
    installation.write()


def without_letter(installation: Installation) -> list[Difference]:
    """All lines are below the cut."""
    ends: dict[str, tuple[int, ...]] = dict.fromkeys(EVENT_TOPICS, (10_000, 10_000))
    days = DayRange(date(2026, 9, 1), date(2026, 12, 1))
    cut = Cut(ends, 0, 0, 0, 0)
    scope = Scope(REGION, "Asia/Jakarta", days, days.first, cut, Thresholds())
    with Scratch(installation.client) as scratch:
        steps.load_rules(scratch, scope)
        return letters.refused(scratch, scope).differences


def delete(installation: Installation, where: str) -> None:
    installation.client.command(
        f"ALTER TABLE {STORE}.dead_letters DELETE WHERE {where}", settings={"mutations_sync": "1"}
    )


def logged(
    installation: Installation, records: Sequence[LoggedLines], first: date | None = None
) -> list[tuple[str, ...]]:
    with Scratch(installation.client) as scratch:
        days = Days(REGION, "Asia/Jakarta", first, None)
        found = letters.logged(scratch, MemoryLog({}, records), days, 0.0)
    return [(one.area_id, *one.events, one.stored) for one in found.differences]


def test_a_letter_that_the_store_lacks(installation: Installation) -> None:
    client = installation.client
    here, received = client.query(
        f"SELECT letter_id, received_at FROM {STORE}.dead_letters LIMIT 1"
    ).result_rows[0]
    at = f"{received:%Y-%m-%dT%H:%M:%SZ}"
    rows = [
        {"letter_id": here, "received_at": at, "region": REGION},
        {"letter_id": "gone'{db}\\", "received_at": at, "region": "", "unit_id": "U"},
        {"letter_id": "of another region", "received_at": at, "region": "32.08"},
    ]
    lines = [*(json.dumps(one).encode() for one in rows), b"\xff", b"set aside", b"[" * 9_000]
    client.insert(
        f"{STORE}.sink_rejects",
        [(DEAD_LETTERS, 0, 4, 4, "dead_letters", "", "", received)],
        ["topic", "partition", "offset", "line", "table", "reason", "value", "rejected_at"],
    )
    records = [LoggedLines(4, b"\n".join(lines))]
    no_letters = [("", f"{DEAD_LETTERS}/4/{line}", "absent") for line in (3, 5)]
    lost = ("U", "gone'{db}\\", "absent")
    assert logged(installation, records) == [lost, *no_letters]
    assert logged(installation, records, date(2099, 1, 1)) == no_letters


@pytest.mark.parametrize("verdict", ["refused", "conflict"])
def test_a_refused_line_without_a_letter(installation: Installation, verdict: str) -> None:
    send(installation, b'{"id": "no event"}')
    assert without_letter(installation) == []
    place = installation.client.query(
        f"SELECT topic, partition, offset, line FROM {STORE}.exceptions WHERE verdict = '{verdict}' "
        "ORDER BY offset DESC LIMIT 1"
    ).result_rows[0]
    delete(installation, f"(topic, partition, offset, line) = {place}")
    (one,) = without_letter(installation)
    assert (one.view, one.column, one.stored) == ("dead_letters", "line", "absent")


def test_lines_that_one_letter_counts(installation: Installation) -> None:
    send(installation, b"\n".join([b"{}"] * (LETTERS_IN_FULL + 5)))
    assert without_letter(installation) == []
    delete(installation, "code = 'more_refused'")
    found = [one.events[0].split("/")[-1] for one in without_letter(installation)]
    assert found == ["100", "101", "102", "103", "104"]


def test_letters_are_read_as_the_sink_reads_them(broker: str) -> None:
    with closing(KafkaProducer(bootstrap_servers=broker)) as plain:
        for value, table in (
            (b"a\nb", b"dead_letters"),
            (b"c", b"letter_actions"),
            (b"d", b"\xff"),
        ):
            plain.send(DEAD_LETTERS, value, partition=0, headers=[(TABLE_HEADER, table)])
        plain.send(DEAD_LETTERS, b"e", partition=0)
        plain.flush()
    with closing(CommittedLog(Cluster(broker), "audit")) as committed:
        found = list(KafkaEventLog(committed, b"k" * 32, RealClock()).letters())
    assert [one.value for one in found][-1:] == [b"a\nb"]

"""The events of a group stand in the order in which they came to count, whatever the order in which they were added."""

from __future__ import annotations

from itertools import permutations

import pytest

from contracts.time.days import Zone
from streams.core.alerts.alert_facts import DECLINED, AlertFacts
from streams.core.watched_event import WatchedEvent

AT = 1_795_490_132_000  # 2026-11-24T10:15:32+07:00
SCHOOL = "npsn:20208123"
ZONE = Zone("Asia/Jakarta")
DAY = ZONE.local_day(AT)


def declined(identity: str, since: int) -> WatchedEvent:
    return WatchedEvent(SCHOOL, DECLINED, identity, AT, since, since, "", {})


def facts(*events: WatchedEvent) -> AlertFacts:
    made = AlertFacts()
    made.use(ZONE)
    for one in events:
        made.add(one)
    return made


def ids(of: AlertFacts) -> list[str]:
    return [one.id for one in of.of("declined", SCHOOL, DAY)]


@pytest.mark.parametrize(
    "order", list(permutations([declined("b", AT), declined("c", AT), declined("a", AT + 1)]))
)
def test_they_are_in_order_whatever_came_first(order: tuple[WatchedEvent, ...]) -> None:
    assert ids(facts(*order)) == ["b", "c", "a"]


def test_one_that_counts_from_another_moment_stands_there_once() -> None:
    made = facts(declined("a", AT), declined("b", AT + 1))
    made.add(declined("a", AT + 2))
    assert ids(made) == ["b", "a"]
    # It is taken away by its key, whatever else is known of it.
    made.remove(declined("a", AT))
    assert ids(made) == ["b"]


def test_who_reads_may_take_away_what_was_read() -> None:
    made = facts(*(declined(str(number), AT) for number in range(4)))
    for one in made.of("declined", SCHOOL, DAY):
        made.remove(one)
    assert ids(made) == []

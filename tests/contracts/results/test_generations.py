"""Names of generations: one function each way, and nothing shared is renamed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.results.generations import Generations, revision_base, service_name
from contracts.results.tables import REBUILT_TABLES, TABLES, table_of
from contracts.results.topics import (
    DEAD_LETTERS,
    EVENT_TOPICS,
    REBUILT_TOPICS,
    REGISTRY,
    generation_of_topic,
    topic_of,
    topics,
)

NUMBERS = st.integers(1, 8000)


def test_the_first_generation_has_the_plain_names() -> None:
    assert {topic_of(name, 1) for name in REBUILT_TOPICS} == REBUILT_TOPICS
    assert topic_of("unit.windows", 2) == "unit.windows.g2"
    assert (
        table_of("performance", 1) == "performance"
        and table_of("performance", 2) == "performance_g2"
    )


@given(NUMBERS, st.sampled_from(sorted(REBUILT_TOPICS)))
def test_a_topic_tells_its_generation(number: int, name: str) -> None:
    assert generation_of_topic(topic_of(name, number)) == number


@given(NUMBERS)
def test_shared_names_stay(number: int) -> None:
    for name in (*EVENT_TOPICS, REGISTRY, DEAD_LETTERS):
        assert topic_of(name, number) == name and generation_of_topic(name) is None
    assert generation_of_topic(f"somebody.else.g{number}") is None
    assert table_of("dead_letters", number) == "dead_letters" == TABLES["dead_letters"].name
    assert set(REBUILT_TABLES) <= set(TABLES)


@given(NUMBERS)
def test_all_topics_of_an_installation_are_shared_or_of_the_shown_generation(number: int) -> None:
    wanted = topics(2, 1, number)
    assert {generation_of_topic(topic.name) for topic in wanted} == {None, number}
    assert len(wanted) == len(topics(2, 1))


def test_the_record() -> None:
    shown = Generations().begin().begin().show(3)
    assert shown == Generations(shown=3, newest=3, previous=1)
    assert Generations.decode(shown.encode()) == shown
    assert shown.show(1) == Generations(shown=1, newest=3, previous=3)
    assert shown.drop_previous().begin() == Generations(shown=3, newest=4, previous=0)


@given(NUMBERS)
def test_revisions_of_a_generation_lie_above_those_before(number: int) -> None:
    assert revision_base(1) == 0
    assert revision_base(number + 1) > revision_base(number) + 10**12
    assert revision_base(number) < 2**53, "a wall's number is exact"


def test_a_service_beside_the_installations_own_never_has_its_name() -> None:
    assert service_name("streams", 0) == "streams"
    assert service_name("streams", 1) == "streams.g1" and service_name("sinks", 2) == "sinks.g2"

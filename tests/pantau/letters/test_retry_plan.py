"""Where a dead letter's line goes when it is sent again, and which may not be."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

import pytest

from contracts.events.partition import partition_of
from contracts.registry.entities import Registry
from contracts.results.topics import EVENT_TOPICS
from contracts.time.instant import epoch_ms
from pantau.letters.letter_store import StoredLetter
from pantau.letters.retry_plan import NoRetry, PlannedRetry, plan
from tests.examples import CLINIC, KITCHEN, RECEIVED, REGION, SCHOOL, line
from tests.registry_small import SMALL

NOW_MS: Final = epoch_ms(RECEIVED)
PARTITIONS: Final = dict.fromkeys(EVENT_TOPICS, 64)
REGISTRY: Final = Registry([SMALL])


def letter(content: bytes, key: str = KITCHEN, **more: Any) -> StoredLetter:
    members: dict[str, Any] = {
        "letter_id": "l1",
        "received_at": "2026-11-24 03:15:32",
        "region": REGION,
        "unit_id": KITCHEN,
        "code": "unknown_unit",
        "detail": "d",
        "attempts": 1,
        "topic": "ingest",
        "partition": -1,
        "offset": -1,
        "line": 7,
        "state": "open",
        "key_base64": b64encode(key.encode()).decode(),
        "line_base64": b64encode(content).decode(),
    }
    return StoredLetter(**members | more)


def planned(one: StoredLetter) -> PlannedRetry | NoRetry:
    return plan(one, REGISTRY, PARTITIONS, NOW_MS)


@pytest.mark.parametrize(
    ("kind", "unit", "topic"),
    [
        ("sppg.meal.eaten", KITCHEN, "sppg.events"),
        ("clinic.growth.measured", CLINIC, "clinic.events"),
        ("recipient.meal.eaten", SCHOOL, "recipient.events"),
    ],
)
@pytest.mark.parametrize("lay", ["ingest", "sppg.events"])
def test_it_goes_behind_what_its_unit_has_sent(kind: str, unit: str, topic: str, lay: str) -> None:
    found = planned(letter(line(kind), unit, topic=lay, partition=3))
    assert isinstance(found, PlannedRetry)
    wanted = (topic, partition_of(unit, 64), unit.encode(), None)
    assert (found.topic, found.partition, found.key, found.refusal) == wanted


def test_a_line_that_names_no_unit_goes_where_it_lay_or_to_the_unit_of_its_token() -> None:
    found = planned(letter(b"no json", "k", topic="clinic.events", partition=3))
    assert isinstance(found, PlannedRetry) and found.refusal is not None
    assert (found.topic, found.partition, found.key) == ("clinic.events", 3, b"k")
    assert found.refusal.code == "not_json"
    by_token = planned(letter(b"no json", CLINIC))
    assert isinstance(by_token, PlannedRetry)
    assert (by_token.topic, by_token.key) == ("clinic.events", CLINIC.encode())
    assert isinstance(planned(letter(b"no json", "SPPG-9999-0001")), NoRetry)


def test_it_says_what_would_be_refused_again() -> None:
    late = planned(letter(line("sppg.meal.eaten", time="2026-10-01T10:00:00+07:00")))
    assert isinstance(late, PlannedRetry) and late.refusal is not None
    assert late.refusal.code == "too_old"


@pytest.mark.parametrize(
    "one",
    [
        letter(line("sppg.meal.eaten"), code="nik"),
        letter(b"", code="more_refused"),
        letter(line("sppg.meal.eaten"), code="foreign_source"),
        letter(b"{" * 70_000, code="too_large"),
        letter(line("sppg.meal.eaten"), state="discarded"),
        letter(line("sppg.meal.eaten"), state="sent"),
        letter(b"a\nb"),
        # Refused for another reason before anybody asked whose it is: the token was the clinic's.
        letter(line("sppg.meal.eaten"), CLINIC, code="unknown_type"),
    ],
)
def test_what_would_not_be_what_its_source_sent_is_not_sent(one: StoredLetter) -> None:
    found = planned(one)
    assert isinstance(found, NoRetry) and found.why

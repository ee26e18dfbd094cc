"""What ingest remembers of dead letters: bounded, its own for each source, whatever lies on the topic."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kafka.memory.memory_log import MemoryRecord
from contracts.events.lines import split
from contracts.results.table_rows import DeadLetterRow, LetterActionRow, encode_row
from contracts.results.topics import DEAD_LETTERS, TABLE_HEADER
from producers.ingest.rejected.letter_feed import take_record
from producers.ingest.rejected.source_letters import (
    LetterLimits,
    LetterPlace,
    SourceLetters,
    read_place,
)
from tests import hostile
from tests.examples import KITCHEN, RECEIVED, REGION, SCHOOL, line
from tests.hostile import HostileRecord

NOW_MS = 1_795_490_200_000
LIMITS = LetterLimits(of_source=3, of_all=5, retries=2)


def row(id_: str, source: str = SCHOOL, **more: Any) -> DeadLetterRow:
    content = line("recipient.meal.eaten", id=f"e-{id_}")
    given: dict[str, Any] = {
        "received_at": RECEIVED, "region": REGION, "code": "too_old", "detail": "old", "attempts": 1,
        "topic": "ingest", "partition": -1, "offset": -1, "line": 0, "event_day": None, "key": "",
        "bytes": b64encode(content).decode(),
    }  # fmt: skip
    return DeadLetterRow(letter_id=id_, unit_id=source, **given | more)


def action(id_: str, name: str, offset: int = -1) -> LetterActionRow:
    return LetterActionRow(
        letter_id=id_, action_id="a", region=REGION, unit_id="", at=RECEIVED, action=name, attempt=2,
        by="ratna", reason="", topic="recipient.events", partition=1, offset=offset,
    )  # fmt: skip


def taken(*rows: DeadLetterRow | LetterActionRow) -> SourceLetters:
    letters = SourceLetters(LIMITS)
    for offset, one in enumerate(rows):
        if isinstance(one, DeadLetterRow):
            letters.take(one, LetterPlace(offset, 0))
        else:
            letters.act(one)
    return letters


def ids(letters: SourceLetters, source: str = SCHOOL, now_ms: int = NOW_MS) -> list[str]:
    return [one.letter_id for one in letters.of(source, now_ms)]


def test_each_source_has_its_own_and_the_newest_first() -> None:
    letters = taken(row("a"), row("b", KITCHEN), row("c"), row("a"))
    assert ids(letters) == ["a", "c"], "a line that is sent again makes no second letter"
    assert ids(letters, KITCHEN) == ["b"]
    [shown] = letters.of(KITCHEN, NOW_MS)
    assert (shown.id, shown.type) == ("e-b", "recipient.meal.eaten")
    assert ids(letters, now_ms=NOW_MS + 31 * 86_400_000) == []


def test_what_an_operator_has_seen_to_is_gone_until_it_is_refused_again() -> None:
    sent = (row("a"), row("b"), action("a", "retry", 7), action("b", "discard"))
    assert ids(taken(*sent)) == []
    again = row("z", "", topic="recipient.events", partition=1, offset=7)
    assert ids(taken(*sent, again)) == ["z"], "streams need not know whose line it is"


def test_a_flood_of_one_source_takes_no_room_of_others() -> None:
    flood = [row(f"f{number}", KITCHEN) for number in range(50)]
    letters = taken(row("a"), *flood)
    assert ids(letters) == ["a"]
    assert ids(letters, KITCHEN) == ["f49", "f48", "f47"]
    many = [row(f"s{number}", f"npsn:{number}") for number in range(50)]
    assert sum(len(taken(*many).of(f"npsn:{number}", NOW_MS)) for number in range(50)) == 5


@given(st.lists(hostile.records, max_size=8), st.sampled_from([b"dead_letters", b"letter_actions"]))
def test_whatever_lies_on_the_topic_the_next_letter_is_taken(
    found: list[HostileRecord], table: bytes
) -> None:
    letters = SourceLetters()
    good = HostileRecord(encode_row(row("a")), None, [(TABLE_HEADER, b"dead_letters")], 0)
    marked = [one._replace(headers=[*one.headers, (TABLE_HEADER, table)]) for one in found]
    for offset, one in enumerate([*found, *marked, good]):
        take_record(
            letters,
            MemoryRecord(DEAD_LETTERS, 0, offset, one.time_ms, one.key, one.value, one.headers),
        )
    assert ids(letters) == ["a"]


@given(st.binary(max_size=60) | st.sampled_from([one for v in hostile.SOME for one in split(v.value or b"")]))  # fmt: skip
def test_a_letter_of_any_bytes_is_shown_and_gives_none_of_them_away(content: bytes) -> None:
    letters = taken(row("a", bytes=b64encode(content).decode()), row("b", bytes="no base64!"))
    assert ids(letters) == ["b", "a"]
    for one in letters.of(SCHOOL, NOW_MS):
        assert one.id is None or len(one.id) <= 100
        assert one.type is None or one.type == "recipient.meal.eaten" or "." in one.type


@pytest.mark.parametrize("text", ["", "1", ".", "1.", "-1.2", "1.2.3", "٣.1", "9" * 30 + ".1", "1.1\n"])  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    assert read_place("12.3") == (12, 3)
    with pytest.raises(ValueError, match="place"):
        read_place(text)

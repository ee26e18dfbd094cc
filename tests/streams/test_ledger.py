"""Cases of identity and corrections, each drawn: `<-` points from a correction to what it names.

Every case is told in every order of arrival and must end the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import pytest

from streams.core.history import corrections
from streams.core.history import ledger as ledger_module
from streams.core.history.chunks import CHUNK_FACTS, Chunk
from streams.core.history.corrections import CorrectionStatus, statuses_of
from streams.core.history.event_kinds import RETRACTION
from streams.core.history.facts import Fact
from streams.core.history.ledger import LINKED_DAYS, PLAIN, Ledger, Unwritten, Verdict

MEAL, TEST, RETRACTED = 1, 2, RETRACTION
DAY = 86_400_000
NOW = 100 * DAY


def fact(
    event_id: str,
    names: str = "",
    kind: int = MEAL,
    recorded: int = 0,
    time: float = 100,
    received: float = 100,
    says: str = "",
) -> Fact:
    """`time` and `received` in days."""
    return Fact(
        event_id,
        (says or event_id).encode(),
        kind,
        int(time * DAY),
        int(received * DAY),
        recorded,
        names,
        None,
    )


def ledger() -> Ledger:
    return Ledger("K1", {})


def count(book: Ledger, facts: Iterable[Fact]) -> set[str]:
    """Ids of those of the ledger's `facts` that count."""
    return {one.id for one in set(facts) - set(book.uncounted())}


def admitted(facts: tuple[Fact, ...]) -> tuple[set[str], dict[str, CorrectionStatus], list[str]]:
    """What counts, the statuses and the wrong corrections, put together from the admissions."""
    book = ledger()
    counting: set[str] = set()
    statuses: dict[str, CorrectionStatus] = {}
    wrong: list[str] = []
    for one in facts:
        admission = book.admit(one, one.time // DAY)
        assert admission.verdict is Verdict.NEW
        if admission is PLAIN:
            counting |= {one.id} if one.kind != RETRACTED and not one.target else set()
        counting -= {other.id for other in admission.uncounted}
        counting |= {other.id for other in admission.counted}
        statuses |= dict(admission.statuses)
        wrong += [one.id for one in admission.wrong]
    assert counting == count(book, facts), (
        "what is derived anew must be what was changed step by step"
    )
    return counting, statuses, wrong


A = fact("a")
CASES = {
    "a": ((A,), {"a"}, ()),
    "a <- b": ((A, fact("b", "a")), {"b"}, ()),
    "? <- b": ((fact("b", "a"),), {"b"}, ()),
    "a <- b <- c": ((A, fact("b", "a"), fact("c", "b")), {"c"}, ()),
    "a <- b, a <- c later": (
        (A, fact("b", "a", recorded=1), fact("c", "a", recorded=2)),
        {"c"},
        (),
    ),
    "a <- b, a <- c, id decides": ((A, fact("b", "a"), fact("c", "a")), {"c"}, ()),
    "a <- Z, a <- a1: ASCII order": ((A, fact("Z", "a"), fact("a1", "a")), {"a1"}, ()),
    "? <- b, ? <- c": ((fact("b", "x", recorded=2), fact("c", "x", recorded=1)), {"b"}, ()),
    "a <- b <- d, a <- c wins: d corrects a loser": (
        (A, fact("b", "a", recorded=1), fact("c", "a", recorded=2), fact("d", "b", recorded=9)),
        {"c"},
        (),
    ),
    "a <- b wins <- d, a <- c": (
        (A, fact("b", "a", recorded=2), fact("c", "a", recorded=1), fact("d", "b")),
        {"d"},
        (),
    ),
    "a <- R": ((A, fact("r", "a", RETRACTED)), set(), ()),
    "? <- R": ((fact("r", "a", RETRACTED),), set(), ()),
    "a <- R <- b: final": ((A, fact("r", "a", RETRACTED), fact("b", "r")), set(), ("b",)),
    "a <- R <- R: final": ((A, fact("r", "a", RETRACTED), fact("s", "r", RETRACTED)), set(), ()),
    "a <- R loses, a <- b": (
        (A, fact("r", "a", RETRACTED, recorded=1), fact("b", "a", recorded=2)),
        {"b"},
        (),
    ),
    "a <- T of another type": ((A, fact("t", "a", TEST)), {"a"}, ("t",)),
    "a <- T wrong, a <- b: T is no rival": (
        (A, fact("t", "a", TEST, recorded=9), fact("b", "a")),
        {"b"},
        ("t",),
    ),
    "a <- T wrong <- T": ((A, fact("t", "a", TEST), fact("u", "t", TEST)), {"a"}, ("t",)),
    "ring a <- b <- a": ((fact("a", "b"), fact("b", "a")), set(), ()),
    "ring of three": ((fact("a", "c"), fact("b", "a"), fact("c", "b")), set(), ()),
    "ring a <- b <- a, a <- c from outside": (
        (fact("a", "b"), fact("b", "a"), fact("c", "a", recorded=9)),
        set(),
        (),
    ),
    "strangers: b names a, 31 days apart": (
        (fact("a", time=69, received=69), fact("b", "a")),
        {"a", "b"},
        (),
    ),
    "strangers: two corrections of a that do not bear on each other": (
        # time   60 ----- 75 ------------------- 92
        #        c        a (received 75)         b (received 92)       c is received 80
        (
            fact("a", time=75, received=75),
            fact("b", "a", time=92, received=92),
            fact("c", "a", time=60, received=80),
        ),
        {"b", "c"},
        (),
    ),
    "finality: c stays though its target loses 30 days after c's time": (
        # c corrects b, b loses to d; but d comes when c's day is final
        (
            fact("a", time=80, received=80),
            fact("b", "a", time=80, received=80),
            fact("c", "b", time=60, received=81),
            fact("d", "a", time=80, received=100, recorded=9),
        ),
        {"c", "d"},
        (),
    ),
}


@pytest.mark.parametrize("drawing", CASES)
def test_every_order_of_arrival_ends_the_same(drawing: str) -> None:
    facts, counts, wrong = CASES[drawing]
    for order in permutations(facts):
        counting, statuses, letters = admitted(order)
        assert counting == counts
        assert tuple(letters) == wrong
        for one in facts:
            if one.kind != RETRACTED:
                assert statuses.get(one.id, CorrectionStatus("", False, True)).counts == (
                    one.id in counts
                )


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ((A, fact("b", "a"), fact("c", "b")), [("c", False), ("c", False), ("", False)]),
        ((A, fact("r", "a", RETRACTED)), [("", True), ("", True)]),
        ((A, fact("t", "a", TEST)), [("", False), ("", False)]),
        ((fact("a", "b"), fact("b", "a")), [("", False), ("", False)]),
    ],
)
def test_what_counts_instead(facts: tuple[Fact, ...], wanted: list[tuple[str, bool]]) -> None:
    found = statuses_of(facts)
    assert [(one.superseded_by, one.retracted) for one in found] == wanted


def test_copies() -> None:
    book = ledger()
    book.admit(fact("a"), 100)
    assert book.admit(fact("a", received=100.5), 100).verdict is Verdict.DUPLICATE
    assert book.admit(fact("a", says="else"), 100).verdict is Verdict.CONFLICT


def test_an_id_may_come_again_when_nothing_bears_on_the_first() -> None:
    book = ledger()
    first = fact("a", time=69, received=69, says="then")
    again = fact("a", says="now")
    assert book.admit(first, 69).verdict is Verdict.NEW
    assert book.admit(again, 100).verdict is Verdict.NEW
    assert book.admit(fact("b", "a"), 100).uncounted == (again,)
    assert book.uncounted() == [again]


def test_restored_in_any_order() -> None:
    unwritten: Unwritten = {}
    book = Ledger("K1", unwritten)
    facts = [fact(f"e{number}", f"e{number - 1}" if number % 5 else "") for number in range(40)]
    for one in facts:
        book.admit(one, 100)
    counting = count(book, facts)
    assert counting == {f"e{number}" for number in range(4, 40, 5)}
    written = [chunk for chunk in unwritten.values() if chunk is not None]
    assert len(written) == 3
    for chunks in (written, written[::-1]):
        other = ledger()
        for chunk in chunks:
            packed = Chunk(chunk.day, chunk.number, chunk.written())
            assert other.restore(packed) == chunk.facts()
        assert count(other, facts) == counting
        assert other.admit(fact("e7", "e6"), 100).verdict is Verdict.DUPLICATE


def test_forgetting_keeps_what_others_count_by() -> None:
    """b beats c for a; c lies in reach a day longer than b, and must not come to life."""
    unwritten: Unwritten = {}
    book = Ledger("K1", unwritten)
    book.admit(fact("plain", time=70, received=72), 70)
    book.admit(fact("b", "a", time=70, received=72, recorded=2), 70)
    beaten = fact("c", "a", time=72, received=72, recorded=1)
    book.admit(beaten, 72)
    unwritten.clear()
    book.forget(71)
    assert not unwritten
    assert book.uncounted() == [beaten]
    book.forget(73 + LINKED_DAYS)
    assert unwritten == {("K1", 70, 0): None, ("K1", 72, 0): None}
    assert book.uncounted() == []
    assert book.find("b") == []


def test_many_corrections_of_one_event_cost_as_many_steps_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device that sends one correction again and again under new ids must not stop its partition."""
    many = 640
    steps = {"unpacked": 0, "compared": 0}
    unpack, are_related = Chunk.facts, corrections.are_related

    def counted_facts(chunk: Chunk) -> list[Fact]:
        steps["unpacked"] += 1
        return unpack(chunk)

    def counted_comparison(one: Fact, other: Fact) -> bool:
        steps["compared"] += 1
        return are_related(one, other)

    book = ledger()
    book.admit(fact("a"), 100)
    for number in range(many):
        book.admit(fact(f"c{number:03}", "a", recorded=number), 100)
    for module in (corrections, ledger_module):
        monkeypatch.setattr(module, "are_related", counted_comparison)
    monkeypatch.setattr(Chunk, "facts", counted_facts)
    admission = book.admit(fact("last", "a", recorded=many), 100)
    assert [one.id for one in admission.counted] == ["last"]
    assert steps["unpacked"] <= 2 * many / CHUNK_FACTS + 10
    assert steps["compared"] <= 10 * many

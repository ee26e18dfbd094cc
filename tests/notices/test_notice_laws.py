"""Laws of the notices, whatever happens to alerts, people and the process."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.people import Person
from contracts.results.table_rows import AlertChangeRow
from contracts.time.instant import rfc3339
from notices.core.notice import Notice
from notices.core.notice_book import NoticeBook
from notices.core.notice_policy import NoticePolicy
from tests.notices.alert_rows import NIGHT, PLACES, at, book, person, row

_POLICY: Final = NoticePolicy(settle_ms=30_000)
_PEOPLE: Final = (
    person("all"),
    person("sleeps", quiet=NIGHT),
    person("siaga", least=3, quiet=NIGHT),
    person("head", step=2),
)
_DAY_MIN: Final = 24 * 60
_ALERTS: Final = 4

_steps = st.tuples(
    st.integers(0, 180),
    st.sampled_from(["raise", "worse", "acknowledge", "for an hour", "resolve", "crash"]),
    st.integers(0, _ALERTS - 1),
)


@dataclass
class World:
    """Alerts that change, and notices that live through crashes. `messages`: all, with when."""

    people: tuple[Person, ...] = _PEOPLE
    log: list[AlertChangeRow] = field(default_factory=list)
    newest: dict[int, AlertChangeRow] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    messages: list[Notice] = field(default_factory=list)
    now: int = 0

    def __post_init__(self) -> None:
        self.book: NoticeBook = book(*self.people, policy=_POLICY)

    def change(self, alert: int, **changes: Any) -> None:
        one = row(len(self.log) + 1, self.now, f"a{alert}", **changes)
        self.log.append(one)
        self.newest[alert] = one
        self.book.take(one)

    def crash(self) -> None:
        self.book = book(*self.people, policy=_POLICY)
        for key, value in self.stored.items():
            self.book.restore(key, value)
        for one in self.log:
            self.book.take(one)

    def run(self, minutes: int) -> None:
        for _ in range(minutes):
            self.now += 1
            self.messages += self.book.due(at(self.now))
            for key, value in self.book.drain().items():
                if value is None:
                    self.stored.pop(key, None)
                else:
                    self.stored[key] = value

    def step(self, what: str, alert: int) -> None:
        known = self.newest.get(alert)
        is_open = known is not None and known.state != "resolved"
        if what == "crash":
            self.crash()
        elif what == "raise" and not is_open:
            self.change(alert)
        elif known is not None and is_open:
            raised = (known.raised_at, known.severity)
            changes: dict[str, dict[str, Any]] = {
                "worse": {"severity": 3},
                "acknowledge": {"state": "acknowledged"},
                "for an hour": {"state": "acknowledged", "ack_until": rfc3339(at(self.now + 60))},
                "resolve": {"state": "resolved"},
            }
            if what in changes:
                given = {"raised_at": raised[0], "severity": raised[1]} | changes[what]
                self.change(alert, **given)


def _lived(steps: list[tuple[int, str, int]]) -> World:
    world = World()
    for wait, what, alert in steps:
        world.run(wait)
        world.step(what, alert)
    return world


@given(st.lists(_steps, max_size=14))
@settings(max_examples=60)
def test_laws(steps: list[tuple[int, str, int]]) -> None:
    world = _lived(steps)
    world.run(_DAY_MIN + 60)
    told: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    sent: dict[str, list[Notice]] = defaultdict(list)
    for message in world.messages:
        assert message.items
        sent[message.person_id].append(message)
        for item in message.items:
            told[message.person_id, item.alert.row.id, item.alert.raised_at][item.what] += 1

    assert len({one.id for one in world.messages}) == len(world.messages)
    for key, whats in told.items():
        # Nothing begins twice or ends twice, a crash or not.
        assert whats["new"] + whats["escalated"] + whats["again"] <= 1, key
        assert whats["resolved"] <= 1, key
    for number, last in world.newest.items():
        for one in world.people:
            lives = {
                life: whats
                for (who, alert, life), whats in told.items()
                if (who, alert) == (one.person_id, f"a{number}")
            }
            if last.state == "resolved":
                # Whoever heard of it hears of its end, within a day.
                assert not lives or lives[max(lives)]["resolved"] == 1
            elif last.state == "raised" and last.severity >= one.least and one.step == 1:
                assert lives, "what is open for a day is known to whoever wants it"
    for person_id, messages in sent.items():
        _keeps_pace(next(one for one in world.people if one.person_id == person_id), messages)


def _keeps_pace(one: Person, messages: list[Notice]) -> None:
    zone = PLACES[one.region].zone
    moments = [message.created_at for message in messages]
    for index, message in enumerate(messages):
        since = message.created_at - moments[index - 1] if index else None
        if any(item.alert.row.severity == 3 for item in message.items):
            assert since is None or since >= _POLICY.siaga_fold_ms
            continue
        assert since is None or since >= _POLICY.fold_ms
        minute = zone.minute_of_day(message.created_at)
        assert one.quiet is None or not one.quiet.covers(minute)
        hour = [at_ for at_ in moments[: index + 1] if message.created_at - at_ < 3_600_000]
        assert len(hour) <= _POLICY.per_hour


@given(st.lists(_steps, max_size=10), st.integers(0, 9))
@settings(max_examples=30)
def test_the_log_read_twice_tells_nothing_more(
    steps: list[tuple[int, str, int]], where: int
) -> None:
    """Read anew at any place, the same messages come at the same times."""
    quiet = [one for one in steps if one[1] != "crash"]
    plain, again = World(), World()
    for index, (wait, what, alert) in enumerate(quiet):
        for world in (plain, again):
            world.run(wait)
            world.step(what, alert)
        if index == where:
            again.book.read_anew()
            for one in again.log:
                again.book.take(one)
    for world in (plain, again):
        world.run(120)
    assert [one.id for one in plain.messages] == [one.id for one in again.messages]

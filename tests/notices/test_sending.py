"""What is to be delivered is, in its order, once more after what fails, and never for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.datadir import DataDirError
from contracts.time.clock import real_now_ms
from notices.channels.delivery import Delivery, FailedDeliveryError, RefusedDeliveryError
from notices.sending.dispatcher import Dispatcher
from notices.sending.notice_queue import NoticeQueue, queue_folder, read_deliveries
from notices.sending.retry_policy import RetryPolicy
from tests.notices.alert_rows import person

_FAST: Final = RetryPolicy(first_s=0.01, longest_s=0.02, silent_s=0)
_ONE: Final = Delivery(
    id="n1.webhook", region="32.11", person_id="desk-1", channel="webhook", created_at=5, title="t",
    text="x", body=b"{}",
)  # fmt: skip


def _of(number: int, who: str = "desk-1") -> Delivery:
    return msgspec.structs.replace(_ONE, id=f"n{number}.webhook", person_id=who)


class Way:
    """A channel that does what `outcomes` says, then takes all. `sent`: ids in their order."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[str] = []

    async def send(self, delivery: Delivery, address: str) -> None:
        assert address == "desk"
        self.sent.append(delivery.id)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome


@asynccontextmanager
async def _running(
    queue: NoticeQueue, way: Any, policy: RetryPolicy = _FAST
) -> AsyncIterator[Dispatcher]:
    one = Dispatcher(queue, policy)
    one.use((person(), person("head")), {"webhook": way})
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for lies on disk
            await asyncio.sleep(0.01)


@pytest.fixture
def queue(tmp_path: Path) -> NoticeQueue:
    return NoticeQueue(tmp_path)


def _statuses(tmp_path: Path) -> dict[str, tuple[str, int, str]]:
    return {one.id: (one.status, one.attempts, one.error) for one in read_deliveries(tmp_path, 100)}


async def test_what_fails_is_sent_again_with_its_id_before_what_follows(
    queue: NoticeQueue, tmp_path: Path
) -> None:
    way = Way(FailedDeliveryError("HTTP 503"), FailedDeliveryError("HTTP 503"))
    async with _running(queue, way) as dispatcher:
        queue.store({}, [_of(1), _of(2)], real_now_ms())
        dispatcher.wake()
        await _until(lambda: queue.pending()[0] == 0)
        assert dispatcher.trouble() is None
    assert way.sent == ["n1.webhook"] * 3 + ["n2.webhook"]
    assert _statuses(tmp_path) == {
        "n1.webhook": ("delivered", 3, ""),
        "n2.webhook": ("delivered", 1, ""),
    }


async def test_one_persons_trouble_is_no_others(queue: NoticeQueue) -> None:
    class Slow(Way):
        async def send(self, delivery: Delivery, address: str) -> None:
            if delivery.person_id == "desk-1":
                raise FailedDeliveryError("HTTP 503", after_s=60)
            await super().send(delivery, address)

    way = Slow()
    async with _running(queue, way) as dispatcher:
        queue.store({}, [_of(1), _of(2), _of(3, "head"), _of(4, "head")], real_now_ms())
        await _until(lambda: way.sent == ["n3.webhook", "n4.webhook"])
        assert queue.pending()[0] == 2
        assert dispatcher.trouble() is None or "HTTP 503" in str(dispatcher.trouble())


async def test_what_is_refused_and_who_left_end_at_once(queue: NoticeQueue, tmp_path: Path) -> None:
    way = Way(RefusedDeliveryError("HTTP 410"))
    async with _running(queue, way):
        queue.store({}, [_of(1), _of(2, "left")], real_now_ms())
        await _until(lambda: queue.pending()[0] == 0)
    assert _statuses(tmp_path)["n1.webhook"] == ("failed", 1, "HTTP 410")
    assert "any more" in _statuses(tmp_path)["n2.webhook"][2]
    assert [one.id for one in read_deliveries(tmp_path, 9, "delivered")] == []
    assert [one.person_id for one in read_deliveries(tmp_path, 9, None, "left")] == ["left"]


async def test_after_hours_it_is_no_news_any_more(queue: NoticeQueue, tmp_path: Path) -> None:
    way = Way(FailedDeliveryError("ConnectionError"))
    async with _running(queue, way):
        queue.store({}, [_of(1)], real_now_ms() - 7 * 3_600_000)
        await _until(lambda: queue.pending()[0] == 0)
    assert _statuses(tmp_path)["n1.webhook"] == ("failed", 1, "gave up: ConnectionError")


async def test_a_status_that_cannot_be_stored_ends_the_process(
    queue: NoticeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Way()
    one = Dispatcher(queue, _FAST)
    one.use((person(),), {"webhook": way})
    queue.store({}, [_of(1)], real_now_ms())

    def full(*_given: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(queue, "end", full)
    with pytest.raises(sqlite3.OperationalError):
        async with asyncio.timeout(20):
            await one.run()


def test_state_and_deliveries_are_one_transaction(queue: NoticeQueue, tmp_path: Path) -> None:
    queue.store({"alert/a": b"1", "person/p": b"2"}, [_of(1)], 1)
    with pytest.raises(sqlite3.IntegrityError):
        queue.store({"alert/a": None}, [_of(2), _of(1)], 2)
    assert dict(queue.state()) == {"alert/a": b"1", "person/p": b"2"}
    assert [one.id for one in read_deliveries(tmp_path, 9)] == ["n1.webhook"]
    queue.store({"alert/a": None}, [], 3)
    assert dict(queue.state()) == {"person/p": b"2"}
    queue.end("n1.webhook", "delivered", 5)
    queue.forget(5 + 91 * 86_400_000)
    assert read_deliveries(tmp_path, 9) == []


def test_one_writes_and_an_older_program_refuses(queue: NoticeQueue, tmp_path: Path) -> None:
    with pytest.raises(DataDirError, match="another process"):
        NoticeQueue(tmp_path)
    queue.close()
    NoticeQueue(tmp_path).close()
    db = sqlite3.connect(queue_folder(tmp_path) / "queue.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(DataDirError, match="newer version"):
        NoticeQueue(tmp_path)


_TO_VERSION_1: Final = """
ALTER TABLE deliveries RENAME COLUMN status TO fate;
DROP INDEX by_status;
CREATE INDEX by_fate ON deliveries (fate, region, person_id, channel, number);
PRAGMA user_version = 1;
"""


def _schema(data_dir: Path) -> list[tuple[str, str]]:
    db = sqlite3.connect(queue_folder(data_dir) / "queue.sqlite")
    found = db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    db.close()
    return found


def test_a_queue_of_version_1_is_brought_to_the_newest(queue: NoticeQueue, tmp_path: Path) -> None:
    queue.store({"person/p": b"2"}, [_of(1), _of(2)], 1)
    queue.end("n1.webhook", "delivered", 5)
    queue.close()
    newest = _schema(tmp_path)
    db = sqlite3.connect(queue_folder(tmp_path) / "queue.sqlite")
    db.executescript(_TO_VERSION_1)
    db.close()
    assert _schema(tmp_path) != newest
    opened = NoticeQueue(tmp_path)
    assert dict(opened.state()) == {"person/p": b"2"}
    assert opened.pending() == (1, 1)
    opened.close()
    NoticeQueue(tmp_path).close()
    assert _schema(tmp_path) == newest
    assert _statuses(tmp_path)["n1.webhook"] == ("delivered", 1, "")


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 3_600))
def test_patience_has_bounds(attempts: int, chance: float, after_s: float) -> None:
    policy = RetryPolicy()
    delay = policy.delay_s(attempts, chance, after_s)
    assert max(policy.first_s / 2, after_s) <= delay <= max(policy.longest_s, after_s)

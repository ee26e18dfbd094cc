"""Questions about figures: asked of a real ClickHouse with an analyst's rights; an old answer is not shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from chassis.feeds.registry_feed import RegistryFeed
from chassis.settings import Settings
from contracts.registry.entities import Registry
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.stream.question_feed import QuestionFeed, QuestionPatience, Questions
from tests.examples import KITCHEN, REGION
from tests.fixtures_clickhouse import EmbeddedClickHouse
from tests.registry_small import SMALL
from tests.storage.landed_sink import Sink, performance

HOUR_MS: Final = 3_600_000
MONDAY: Final = date(2026, 11, 23)
AT_TEN: Final = 1_795_575_600_000
"""Of Wednesday 2026-11-25."""
FAST: Final = QuestionPatience(every_s=0, least_s=0.05, answer_s=5)


class Watched:
    """A feed on a clock that is set by hand."""

    def __init__(self, settings: Settings) -> None:
        self.now_ms = AT_TEN
        self.registry = Registry([SMALL])
        hub = SimpleNamespace(now_ms=lambda: self.now_ms, clock_factor=1.0, maps={REGION: None})
        source = SimpleNamespace(registry=self.registry)
        self.feed = QuestionFeed(settings, cast(Hub, hub), cast(RegistryFeed, source), FAST)

    async def until(self, wanted: Questions | None) -> None:
        """Runs it until this is what it says."""
        async with self._running(), asyncio.timeout(10):
            while self.feed.of(REGION) != wanted:  # noqa: ASYNC110 (it has no event to wait for)
                await asyncio.sleep(0.02)

    async def for_a_while(self) -> None:
        """Runs it for several questions; none of them may end it."""
        async with self._running() as task:
            await asyncio.sleep(0.3)
            assert not task.done()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.feed.run())
        try:
            yield task
        finally:
            task.cancel()


def _settings(engine: EmbeddedClickHouse, **more: Any) -> Settings:
    given: dict[str, Any] = {"data_dir": engine.home.path, "clickhouse_url": engine.url}
    return Settings().model_copy(update=given | more)


def _days(count: int) -> Iterator[dict[str, Any]]:
    """Days up to Tuesday on which the kitchen reported the same figures."""
    for back in range(count):
        at = MONDAY + timedelta(days=1 - back)
        yield performance(
            day=at.isoformat(),
            window_start=f"{at - timedelta(days=1)}T17:00:00Z",
            window_end=f"{at}T17:00:00Z",
            **dict.fromkeys(("portions_cooked", "portions_received", "portions_eaten"), 900),
            portions_dispatched=899,
            portions_target=1000,
        )


async def test_the_last_day_of_service_is_asked_about_and_an_old_answer_is_not_shown(
    engine: EmbeddedClickHouse, store: Client
) -> None:
    sink = Sink(store)
    sink.position(1, time="2026-11-25T03:00:00Z")
    sink.rows("performance", *_days(5))
    watched = Watched(_settings(engine))
    assert watched.feed.of(REGION) is None
    rules = ("dispatched_less_than_received", "same_figures")
    await watched.until(Questions("2026-11-24", {rule: [KITCHEN] for rule in rules}))
    # Nobody answers from here on: what is known stands for an hour, and for its day alone.
    watched.now_ms += HOUR_MS
    assert watched.feed.of(REGION) is not None
    watched.now_ms += 1
    assert watched.feed.of(REGION) == Questions("2026-11-24", None)
    watched.now_ms += 24 * HOUR_MS
    assert watched.feed.of(REGION) == Questions("2026-11-25", None)
    # It answers again: nothing is to be asked of the new day.
    await watched.until(Questions("2026-11-25", {}))


async def test_a_gateway_that_cannot_ask_says_so_after_an_hour_and_goes_on(
    engine: EmbeddedClickHouse, tmp_path: Path
) -> None:
    for settings in (
        _settings(engine, clickhouse_url="http://127.0.0.1:1"),
        _settings(engine, data_dir=tmp_path),
        _settings(engine, analyst_password=SecretStr("wrong")),
    ):
        watched = Watched(settings)
        await watched.for_a_while()
        assert watched.feed.of(REGION) is None
        watched.now_ms += HOUR_MS + 1
        assert watched.feed.of(REGION) == Questions("2026-11-24", None)

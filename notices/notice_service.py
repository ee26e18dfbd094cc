"""Puts the parts together: alerts in, the book, the queue, the channels; and follows what people.csv and notices.yaml say."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from chassis import logs
from chassis.datadir import DataDir
from chassis.health import Health
from chassis.kafka.interface import Broker
from chassis.operator_error import OperatorError
from chassis.regions.people_file import people_file
from chassis.regions.region_folder import load_region
from chassis.settings import Settings
from contracts.time.clock import Clock, real_now_ms
from notices.alert_log import follow_alerts
from notices.channels.delivery import delivery_of
from notices.channels.http_post import new_session
from notices.channels.open_channels import open_channels
from notices.core.notice_book import NoticeBook
from notices.core.notice_text import NoticeWriter
from notices.core.region_places import RegionPlaces, places_of
from notices.notice_configuration import notices_file, read_configuration
from notices.notice_metrics import NOTICES, PEOPLE
from notices.sending.dispatcher import Dispatcher
from notices.sending.notice_queue import NoticeQueue
from notices.sending.retry_policy import RetryPolicy

_TICK_S: Final = 1.0
_FILES_S: Final = 5.0
_FORGET_S: Final = 3_600.0

_log = logs.get("notices")


class NoticeService:
    """One installation's notices. Raises as `read_configuration` and `NoticeQueue` do."""

    def __init__(
        self, settings: Settings, clock: Clock, broker: Broker, topic: str, health: Health
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._broker = broker
        self._topic = topic
        self._health = health
        people, found = read_configuration(settings)
        self._is_simulated = DataDir(settings.data_dir).is_simulated
        self._places = {code: self._region(code) for code in settings.regions}
        writer = NoticeWriter(self._is_simulated, found.link)
        self._book = NoticeBook(people, self._places, found.pace.policy(), writer.compose)
        self._queue = NoticeQueue(settings.data_dir)
        for key, value in self._queue.state():
            self._book.restore(key, value)
        self._dispatcher = Dispatcher(self._queue, RetryPolicy())
        self._is_caught_up = False
        self._files_fault = ""
        self.positions: dict[int, int] = {}

    def _region(self, code: str) -> RegionPlaces:
        return places_of(load_region(self._settings.regions_dir / code))

    def trouble(self) -> str | None:
        """Why people are not reached now, for `Health.check`."""
        return self._files_fault or self._dispatcher.trouble()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises what keeps it from going on."""
        async with new_session() as session:
            self._use(session)
            work = [self._read(), self._tick(), self._dispatcher.run(), self._follow_files(session)]
            tasks = [asyncio.create_task(one) for one in work]
            ending = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
            for task in (*tasks, ending):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._queue.close()
        for task in done:
            task.result()

    def _use(self, session: ClientSession) -> None:
        people, found = read_configuration(self._settings)
        channels = open_channels(found, notices_file(self._settings).parent, session)
        self._book.use(people, self._places)
        self._dispatcher.use(people, channels)
        PEOPLE.set(len(people))
        _log.info("people in force", people=len(people), channels=sorted(channels))

    async def _read(self) -> None:
        async with aclosing(follow_alerts(self._broker, self._topic)) as polls:
            async for poll in polls:
                if poll.is_first:
                    self._book.read_anew()
                for change in poll.changes:
                    self._book.take(change)
                self.positions = poll.positions
                self._is_caught_up = poll.is_caught_up
                if poll.is_caught_up:
                    self._health.ready()
                else:
                    self._health.not_ready("reads the alerts")

    async def _tick(self) -> None:
        forgot = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if self._is_caught_up:
                self._decide()
            if loop.time() - forgot > _FORGET_S:
                forgot = loop.time()
                self._queue.forget(real_now_ms())
            await asyncio.sleep(_TICK_S)

    def _decide(self) -> None:
        notices = self._book.due(self._clock.now_ms())
        records = self._book.drain()
        if not records:
            return
        people = {(one.region, one.person_id): one for one in self._book.people}
        deliveries = [
            delivery_of(one, channel)
            for one in notices
            for channel in people[one.region, one.person_id].channels
        ]
        self._queue.store(records, deliveries, real_now_ms())
        NOTICES.inc(len(notices))
        self._dispatcher.wake()

    async def _follow_files(self, session: ClientSession) -> None:
        """Takes a changed file at once; a wrong one is said, and what was in force stays so."""
        known = self._stamps()
        while True:
            await asyncio.sleep(_FILES_S)
            found = self._stamps()
            if found == known:
                continue
            known = found
            try:
                self._use(session)
                self._files_fault = ""
            except OperatorError as error:
                self._files_fault = f"a changed file is not in force: {error}"
                _log.error("a changed file is not in force", reason=str(error))

    def _stamps(self) -> list[int | None]:
        settings = self._settings
        files = [people_file(settings.regions_dir, code) for code in settings.regions]
        return [_stamp(path) for path in (*files, notices_file(settings))]


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None

"""Plays the days on the region's clock: devices post to ingest what they have, day after day, until a signal comes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from prometheus_client import Counter, Gauge

from chassis import logs
from chassis.clocks import load_clock
from chassis.datadir import DataDir, FileLock
from chassis.health import Health, serve
from chassis.regions.region_folder import load_regions
from chassis.settings import Settings
from contracts.registry.entities import Registry, Unit, day_to_iso
from contracts.time.clock import Clock
from producers.device.ingest_client import DeviceClient, NotAllowedError
from producers.simulator.events.event_lines import DeviceEvent
from producers.simulator.events.truth_writer import Truth
from producers.simulator.plan.scenario import Agenda, Appointment, Kind, outage_of, outbreak
from producers.simulator.sending.device_tokens import DeviceTokens, SimulatorError
from producers.simulator.sending.devices import SENT_WITHIN_DAYS, Post, recipient_days, unit_day
from producers.simulator.sending.due_posts import DuePosts
from producers.simulator.world import HOUR_MS, Rates, World

SERVICE: Final = "simulator"
_SENDERS: Final = 8
_AHEAD_MS: Final = 2 * HOUR_MS
"""A day is made ready this long before it begins."""
_ENOUGH_POSTS: Final = 20_000
_BREATHE_S: Final = 0.02
_SHORTEST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 0.5
_AGENDA_S: Final = 2.0
_STUCK_S: Final = 60.0
_STOP_S: Final = 3.0
_TOKENS_AGAIN_S: Final = 30.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, connect=10)

_SENT: Final = Counter("pantau_simulator_events_total", "Events that ingest judged.", ["verdict"])
_WAITING: Final = Gauge("pantau_simulator_waiting_posts", "Posts that are due and not sent.")
_log: Final = logs.get("producers.simulator")


class AlreadyPlayingError(SimulatorError):
    """Another simulator holds the data dir."""


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """`regions`: codes to play; `scenario`: None for ordinary days; `speed`: how many seconds of the region's time of a day that lies
    behind are caught up in a second (None: at once); `past_days`: begin so many days before today."""

    regions: tuple[str, ...]
    seed: int = 1
    scenario: Kind | None = None
    speed: float | None = None
    past_days: int = 0
    rates: Rates = field(default_factory=Rates)


@contextmanager
def alone(home: DataDir) -> Iterator[None]:
    """Hold the data dir against a second simulator. Raises `AlreadyPlayingError` if there is one."""
    with FileLock(home.run / "simulator.lock") as lock:
        if not lock.take():
            raise AlreadyPlayingError(
                f"a simulator plays on {home.path} already: stop it first, or start `pantau up` without --simulate"
            )
        yield


def ingest_url(settings: Settings) -> str:
    """Where ingest of the installation listens."""
    run = DataDir(settings.data_dir).read_run("ingest")
    if run is not None:
        return str(run["health"])
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 -- compared, not bound
    return f"http://{host}:{settings.ingest_port}"


def _worlds(settings: Settings, options: PlayOptions) -> list[World]:
    registry = Registry(load_regions(settings.regions_dir, options.regions))
    return [World(registry, code, options.seed, options.rates) for code in options.regions]


def arrange(settings: Settings, options: PlayOptions, kind: Kind) -> list[Appointment]:
    """Ask the simulator that plays on the data dir for a scenario: it takes it up within seconds.

    Raises `ValueError` for a region without service, `DataDirError`, `RegionError`.
    """
    now_ms = load_clock(settings).now_ms()
    agenda = Agenda(DataDir(settings.data_dir))
    return [agenda.make(kind, world, now_ms) for world in _worlds(settings, options)]


def play(settings: Settings, options: PlayOptions) -> None:
    """Play until SIGTERM or SIGINT. Raises `SimulatorError`, `DataDirError`, `RegionError`."""
    home = DataDir(settings.data_dir)
    worlds = _worlds(settings, options)
    clock = load_clock(settings)
    health = Health(SERVICE)
    with (
        alone(home),
        Truth(home) as truth,
        serve(health, settings.host, settings.health_port, settings.data_dir),
    ):

        async def run() -> None:
            await Player(worlds, clock, truth, home, options, ingest_url(settings)).run(health)

        asyncio.run(run())


class _Pace:
    """How far the play has come: with the clock, or behind it while it catches up at `speed`."""

    def __init__(self, clock: Clock, start_ms: int, speed: float | None) -> None:
        self._clock = clock
        self._start_ms = start_ms
        self._began = time.monotonic()
        self._speed = speed if speed is not None and speed > clock.factor else None

    def now_ms(self) -> int:
        """The region's time that is played now."""
        now = self._clock.now_ms()
        if self._speed is None:
            return now
        played = int((time.monotonic() - self._began) * 1000 * self._speed)
        return min(now, self._start_ms + played)


class Player:
    """All devices of some regions."""

    def __init__(
        self,
        worlds: Sequence[World],
        clock: Clock,
        truth: Truth,
        home: DataDir,
        options: PlayOptions,
        url: str,
    ) -> None:
        self._worlds = worlds
        self._clock = clock
        self._truth = truth
        self._home = home
        self._options = options
        self._url = url
        self._schedule = DuePosts()
        self._agenda = Agenda(home)
        self._taken_up: set[Appointment] = set()
        self._tokens = DeviceTokens(home)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_SENDERS)
        self._stop = asyncio.Event()
        self._heard = time.monotonic()
        self._preparing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._preparing.set_result(None)
        self._clock_stamp = self._clock_written()

    async def run(self, health: Health) -> None:
        """Play until a signal comes."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        connector = aiohttp.TCPConnector(limit=_SENDERS, keepalive_timeout=25)
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, connector=connector) as session,
            asyncio.TaskGroup() as group,
        ):
            await self._play(health, session, group)
            await self._end()
        if self._clock_written() != self._clock_stamp:
            raise SimulatorError(
                "the installation was started anew and its clock jumped: start the simulator again"
            )

    async def _play(
        self, health: Health, session: aiohttp.ClientSession, group: asyncio.TaskGroup
    ) -> None:
        now_ms = self._clock.now_ms()
        today = self._worlds[0].zone.local_day(now_ms)
        first = today - self._options.past_days
        if self._options.scenario is not None:
            for world in self._worlds:
                self._agenda.make(self._options.scenario, world, now_ms)
        for day in range(first - SENT_WITHIN_DAYS, first + 1):
            if day == first or self._truth.path(day_to_iso(day)).exists():
                await self._prepare(day, 0.0)
        pace = _Pace(self._clock, self._worlds[0].midnight_ms(first), self._options.speed)
        _log.info(
            "playing", regions=self._options.regions, seed=self._options.seed, day=day_to_iso(today)
        )
        ready_until = first
        checked = float("-inf")
        while not self._stop.is_set():
            now_ms = pace.now_ms()
            if time.monotonic() - checked > _AGENDA_S:
                checked = time.monotonic()
                self._check(ready_until, health)
            wanted = self._worlds[0].zone.local_day(now_ms + _AHEAD_MS)
            if wanted > ready_until and self._preparing.done() and self._has_room():
                ready_until += 1
                breathe_s = _BREATHE_S if ready_until > today else 0.0
                self._preparing = group.create_task(self._prepare(ready_until, breathe_s))
            for unit_id in self._schedule.due(now_ms):
                if unit_id not in self._sending:
                    self._sending[unit_id] = group.create_task(self._send(unit_id, session))
            await self._sleep(now_ms)

    async def _sleep(self, now_ms: int) -> None:
        """Sleep until there may be something to do."""
        due_ms = self._schedule.next_ms()
        wait_s = (
            _LONGEST_WAIT_S
            if due_ms is None
            else min(_LONGEST_WAIT_S, (due_ms - now_ms) / 1000 / self._clock.factor)
        )
        try:
            async with asyncio.timeout(max(_SHORTEST_WAIT_S, wait_s)):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def _end(self) -> None:
        """What is under way may end; what is not answered soon is sent again after the next start."""
        tasks = list(self._sending.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_S)
        for task in (*tasks, self._preparing):
            task.cancel()
        _log.info("stopped", waiting=self._schedule.waiting)

    async def _prepare(self, day: int, breathe_s: float) -> None:
        """Make a day ready, unit by unit."""
        self._tokens.read()
        events = 0
        for world in self._worlds:
            for unit in world.active_units(day):
                events += self._prepare_unit(world, unit, day)
                await asyncio.sleep(breathe_s)
        self._truth.forget_before(day_to_iso(day - SENT_WITHIN_DAYS - 1))
        _log.info("day made ready", day=day_to_iso(day), events=events)
        if self._tokens.missing:
            _log.warning(
                "recipients without a token report nothing: start `pantau up` again, it gives each a token",
                day=day_to_iso(day),
                recipients=len(self._tokens.missing),
                one_of_them=min(self._tokens.missing),
            )

    def _prepare_unit(self, world: World, unit: Unit, day: int) -> int:
        made = unit_day(world, unit, day)
        self._truth.note(unit.unit_id, made.events)
        self._add(made.posts)
        events = len(made.events)
        for one in recipient_days(world, unit, day) if unit.kind == "sppg" else ():
            if self._tokens.has(one.recipient_id):
                self._truth.note(one.recipient_id, one.events)
                self._add(one.posts)
                events += len(one.events)
        return events

    def _add(self, posts: Iterable[Post]) -> None:
        """Posts to come, without what had arrived before this start."""
        for post in posts:
            left = tuple(
                one for one in post.events if not self._truth.has_arrived(post.unit_id, one)
            )
            if left:
                self._schedule.add([post._replace(events=left)])

    def _clock_written(self) -> int:
        """When the demo clock's file was written: at each start of the installation."""
        path = self._home.clock_file
        return path.stat().st_mtime_ns if path.exists() else 0

    def _has_room(self) -> bool:
        """False while so much waits that a further day would only fill the memory."""
        return self._schedule.waiting < _ENOUGH_POSTS

    def _check(self, ready_until: int, health: Health) -> None:
        """Now and then: scenarios that were asked for, the clock, our own health."""
        self._take_up_scenarios(ready_until)
        self._report_health(health)
        if self._clock_written() != self._clock_stamp:
            self._stop.set()

    def _take_up_scenarios(self, ready_until: int) -> None:
        """Take up scenarios that were arranged, by us or by a command."""
        if not self._agenda.changed():
            return
        for one in self._agenda.read():
            world = next((w for w in self._worlds if w.region == one.region), None)
            if world is None or one in self._taken_up or one.day < ready_until - SENT_WITHIN_DAYS:
                continue
            self._taken_up.add(one)
            _log.info("scenario", kind=one.kind, region=one.region, day=day_to_iso(one.day))
            if one.kind == "outage":
                for unit in world.active_units(one.day):
                    cut = outage_of(world, one, unit.unit_id)
                    if cut is not None:
                        self._schedule.cut_off(unit.unit_id, *cut)
            else:
                recipients = world.view(one.day).recipients
                posts = [
                    post
                    for post in outbreak(world, one)
                    if post.unit_id not in recipients or self._tokens.has(post.unit_id)
                ]
                for post in posts:
                    self._truth.note(post.unit_id, post.events)
                self._add(posts)

    async def _send(self, unit_id: str, session: aiohttp.ClientSession) -> None:
        """Send what one unit has waiting, post after post."""
        try:
            async with self._slots:
                while events := self._schedule.take(unit_id, self._clock.now_ms()):
                    await self._post(unit_id, events, session)
        finally:
            del self._sending[unit_id]

    async def _post(
        self, unit_id: str, events: Sequence[DeviceEvent], session: aiohttp.ClientSession
    ) -> None:
        client = DeviceClient(self._url, self._tokens.of(unit_id), session)
        posted_ms = self._clock.now_ms()
        while True:
            try:
                result = await client.post([one.line for one in events])
                break
            except NotAllowedError as error:
                _log.error("device not allowed", unit=unit_id, problem=str(error))
                await asyncio.sleep(_TOKENS_AGAIN_S)
                self._tokens.read()
                client = DeviceClient(self._url, self._tokens.of(unit_id), session)
        self._heard = time.monotonic()
        refused = {one.index for one in result.rejected}
        refused |= {aside.index for aside in result.set_aside}
        for one in result.rejected:
            _log.warning("event refused", unit=unit_id, id=one.id, code=one.code, detail=one.detail)
        for aside in result.set_aside:
            _log.error("post not taken", unit=unit_id, status=aside.status, detail=aside.detail)
        accepted = [one for index, one in enumerate(events) if index not in refused]
        self._truth.acknowledge(unit_id, accepted, posted_ms, self._clock.now_ms())
        _SENT.labels("accepted").inc(result.accepted)
        _SENT.labels("refused").inc(len(refused))

    def _report_health(self, health: Health) -> None:
        waiting = self._schedule.waiting
        _WAITING.set(waiting)
        if not self._sending:
            self._heard = time.monotonic()
        if time.monotonic() - self._heard > _STUCK_S:
            health.not_ready(f"ingest has taken nothing for a minute, {waiting} posts wait")
        else:
            detail = f"{', '.join(self._options.regions)}, seed {self._options.seed}"
            if self._tokens.missing:
                detail += (
                    f"; {len(self._tokens.missing)} recipients have no token and report nothing"
                )
            health.ready(detail)

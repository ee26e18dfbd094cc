"""The Faust app: agents for the event topics, the commands and the region feed, a task that flushes, one that ticks, one that watches."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from contextlib import aclosing
from typing import Any, Final

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP
from prometheus_client import REGISTRY

from chassis import logs
from chassis.clocks import load_clock, secret_key
from chassis.feeds import generation_feed
from chassis.feeds.log_ends import LogEnds
from chassis.health import Health
from chassis.kafka.admin import topic_ids
from chassis.kafka.cluster import Cluster, cluster_of
from chassis.kafka.interface import BROKER_ERRORS
from chassis.kafka.log import KafkaAccess
from chassis.kafka.sending import KafkaSender
from chassis.settings import Settings
from contracts.results.generations import revision_base
from contracts.results.topics import (
    CLOCK,
    COMMAND_STATE,
    COMMANDS,
    EVENT_TOPICS,
    LIVE,
    REGION_FEED,
    REGION_STATE,
    UNIT_STATE,
    generation_name,
    topic_of,
)
from streams.agents.flush_pace import FlushPace
from streams.agents.owner import OwnedPartition, Owner
from streams.agents.owners import Owners, OwnersPatience
from streams.agents.ticker import Ticker, tick_interval_s
from streams.agents.transport import Transport
from streams.agents.worker_health import WorkerHealth
from streams.core.alerts.command_fold import CommandFold
from streams.core.fold import Fold
from streams.core.region_stage.region_fold import RegionFold
from streams.core.unit_stage.unit_fold import UnitFold

_WATCH_S: Final = 5.0
_WATCH_START_S: Final = 0.2
_TURN_S: Final = 1.0
_DUE_S: Final = 0.025
"""Seconds between two questions which partitions are due: what comes after a pause waits no longer than this."""
_UNOWNED_S: Final = 15.0
"""Longer than a worker that was frozen needs to learn from its heartbeat that the group goes on without it."""
_NEVER_S: Final = 1e9
_REBUILD_FETCH_BYTES: Final = 8 * 1024 * 1024
_FETCH_BYTES: Final = 1024 * 1024
_FAILED: Final = 70
_STUCK: Final = 71
_log = logs.get(__name__)


class App(faust.App):
    """Faust's app with our transport and the owners of partitions. `is_shown`: whether its generation is the one shown."""

    owners: Owners
    is_shown = False

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)


class _OwnerFactory:
    """Makes owners: which fold, and where its state lies. `generation`: the one worked on."""

    def __init__(self, settings: Settings) -> None:
        self.generation = settings.generation or generation_feed.read_now(settings, "streams").shown
        self.feed = topic_of(REGION_FEED, self.generation)
        self._settings = settings
        self._clock = load_clock(settings)
        self._key = secret_key(settings)
        topics = (*EVENT_TOPICS, COMMANDS, self.feed)
        self._topic_ids = topic_ids(cluster_of(settings, "streams"), topics)

    def owner(self, place: TP) -> Owner | None:
        """The owner of an input partition; None for the ticker's."""
        if place.topic == CLOCK:
            return None
        partitions, region_partitions = self._settings.partitions, self._settings.region_partitions
        fold: Fold
        states: tuple[str, ...]
        base = revision_base(self.generation)
        if place.topic == self.feed:
            sources = len(EVENT_TOPICS) * partitions
            fold = RegionFold(place.partition, sources, uuid.uuid4().hex[:12], base)
            states = (REGION_STATE, LIVE)
        elif place.topic == COMMANDS:
            fold, states = CommandFold(place.partition), (COMMAND_STATE,)
        else:
            fold = UnitFold(place.topic, place.partition, partitions, region_partitions, base)
            states = (UNIT_STATE[place.topic],)
        where = OwnedPartition(
            place.topic,
            place.partition,
            self._topic_ids[place.topic],
            states[0],
            states,
            self.generation,
        )
        broker = KafkaAccess(cluster_of(self._settings, "streams"))
        make = FlushPace.of_region if place.topic == self.feed else FlushPace.of_units
        pace = make(self._settings.flush_ms, self._settings.rows_step_s)
        return Owner(where, fold, broker, self._clock, self._key, pace)

    def inputs(self) -> LogEnds:
        """The ends of all inputs, whoever owns them."""
        counts = dict.fromkeys(EVENT_TOPICS, self._settings.partitions)
        counts |= dict.fromkeys((COMMANDS, self.feed), self._settings.region_partitions)
        places = [(topic, number) for topic, count in counts.items() for number in range(count)]
        return LogEnds(cluster_of(self._settings, "streams"), places)

    def patience(self) -> OwnersPatience:
        """Of the partitions that get this installation's ticks."""
        return OwnersPatience.beside_ticks(tick_interval_s(self._settings.tick_s, self._clock))

    def ticker(self) -> Ticker:
        """The ticker of this installation."""
        settings = self._settings
        return Ticker(
            KafkaSender(cluster_of(settings, "streams")),
            self._clock,
            self._key,
            settings.partitions,
            settings.tick_s,
        )


def _credentials(cluster: Cluster) -> SASLCredentials | SSLCredentials | None:
    tls = cluster.tls()
    if cluster.user:
        return SASLCredentials(
            username=cluster.user,
            password=cluster.password,
            mechanism=cluster.mechanism,
            ssl_context=tls,
        )
    return None if tls is None else SSLCredentials(tls)


def build(settings: Settings, health: Health) -> App:
    """The app of one worker. Reads the topics' ids and the generation from the broker, so it must be there."""
    places = _OwnerFactory(settings)
    app = App(
        generation_name("pantau-streams", places.generation),
        broker=f"kafka://{settings.broker.replace(',', ';')}",
        broker_credentials=_credentials(cluster_of(settings, "streams")),
        store="memory://",
        datadir=str(settings.data_dir / "run" / f"faust-{os.getpid()}"),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        broker_commit_interval=3.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        broker_rebalance_timeout=30.0,
        broker_max_poll_interval=300.0,
        # The group's committed offsets decide nothing here: they never grow, and Faust would warn of it.
        broker_commit_livelock_soft_timeout=_NEVER_S,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=_REBUILD_FETCH_BYTES if settings.generation else _FETCH_BYTES,
        stream_wait_empty=False,
        stream_buffer_maxsize=256,
    )
    ends = places.inputs()
    app.owners = Owners(places.owner, ends.committed, places.patience())
    _declare_agents(app, places.feed)
    _declare_tasks(app, places)
    _declare_watch(app, ends, health)
    _follow_generations(app, places.generation, settings)
    return app


def _declare_agents(app: App, feed: str) -> None:
    topic = app.topic(*EVENT_TOPICS, COMMANDS, feed, key_serializer="raw", value_serializer="raw")

    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            place = event.message.tp
            try:
                again = app.owners.take(place, event.value)
            except Exception:  # noqa: BLE001 - the one place where a fold's bug surfaces
                # Faust would log it, skip the records and go on: wrong for ever after.
                _log.critical("a fold failed", place=str(place), exc_info=True)
                os._exit(_FAILED)
            event.ack()
            if again is not None:
                consumer: Any = app.consumer
                await consumer.go_on_from({place: again})

    app.agent(topic, name="fold")(fold)

    async def clock(stream: Any) -> None:
        async for _ in stream:
            pass  # nothing is written to it: owning its partition makes a worker the ticker

    app.agent(app.topic(CLOCK, value_serializer="raw"), name="clock")(clock)

    async def revoked(_app: Any, places: set[TP], **_: Any) -> None:
        await app.owners.revoke(places)

    on_revoked: Any = app.on_partitions_revoked
    on_revoked.connect(revoked)


def _declare_tasks(app: App, places: _OwnerFactory) -> None:
    async def flush() -> None:
        while not app.should_stop:
            await app.owners.changed()
            await asyncio.sleep(_DUE_S)
            await app.owners.flush()

    async def tick() -> None:
        ticker = places.ticker()
        await ticker.start()
        try:
            while not app.should_stop:
                is_ours = app.is_shown and TP(CLOCK, 0) in app.consumer.assignment()
                if is_ours:
                    await _tick(ticker)
                # One that has just become ours ticks soon: walls wait for a frame.
                await asyncio.sleep(ticker.interval_s if is_ours else _TURN_S)
        finally:
            await ticker.stop()

    for task in (flush, tick):
        app.task(task)


def _declare_watch(app: App, ends: LogEnds, health: Health) -> None:
    worker = WorkerHealth(app.owners, ends)
    health.check(worker.trouble)
    REGISTRY.register(worker)

    async def turn() -> None:
        while not app.should_stop:
            worker.turned()
            await asyncio.sleep(_TURN_S)

    async def watch() -> None:
        with ends.followed():
            while not app.should_stop:
                await _check_worker(app, health)
                await asyncio.sleep(_WATCH_S if health.is_ready else _WATCH_START_S)

    for task in (turn, watch):
        app.task(task)


def _follow_generations(app: App, generation: int, settings: Settings) -> None:
    """Notes whether this worker's generation is shown; ends it where another is, unless its settings name this one."""

    async def follow() -> None:
        cluster, key = cluster_of(settings, "streams"), secret_key(settings)
        async with aclosing(generation_feed.follow(cluster, key)) as changes:
            async for one in changes:
                app.is_shown = one.shown == generation
                if not app.is_shown and not settings.generation:
                    _log.info("another generation is shown", now=one.shown, was=generation)
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

    app.task(follow)


async def _tick(ticker: Ticker) -> None:
    try:
        await ticker.tick()
    except BROKER_ERRORS as error:
        _log.warning("no tick", error=repr(error))


async def _check_worker(app: App, health: Health) -> None:
    """Reports whether the worker is ready; ends one that makes no progress, or that was fenced by one that woke up late.

    Its supervisor starts it anew, and it joins the group afresh: surer than mending a consumer in flight.
    """
    stuck = await app.owners.stuck()
    if stuck:
        _log.critical("makes no progress while there is more to read", places=stuck)
        os._exit(_STUCK)
    assigned = {place for place in app.consumer.assignment() if place.topic != CLOCK}
    unowned_s = app.owners.unowned_s(assigned)
    if app.rebalancing or unowned_s or app.owners.is_taking or not app.consumer_generation_id:
        health.not_ready("taking partitions over")
    else:
        health.ready(f"{len(assigned)} partitions")
    if unowned_s > _UNOWNED_S and not app.rebalancing:
        _log.critical("assigned what it does not own", places=sorted(map(str, assigned)))
        os._exit(_STUCK)

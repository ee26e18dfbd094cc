"""The gateway's app: routes, and what runs beside them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from chassis import logs
from chassis.clocks import load_clock, secret_key
from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.feeds import generation_feed
from chassis.feeds.registry_feed import RegistryFeed
from chassis.feeds.revocation_feed import RevocationFeed
from chassis.health import Health
from chassis.http.new_app import new_app
from chassis.http.pages import Pages, package_version
from chassis.kafka.cluster import cluster_of
from chassis.kafka.log import KafkaAccess
from chassis.regions.steps_file import load_steps
from chassis.settings import Settings
from dashboard_ws.gateway import gateway_metrics
from dashboard_ws.gateway.api.clusters.cluster_list import ClusterListRoute
from dashboard_ws.gateway.api.clusters.stored_clusters import StoredClusters
from dashboard_ws.gateway.api.desk.alert_actions import AlertActions
from dashboard_ws.gateway.api.desk.case_map import CaseMap
from dashboard_ws.gateway.api.desk.desk_access import DeskAccess
from dashboard_ws.gateway.api.desk.desk_log_in import DeskLogInRoute
from dashboard_ws.gateway.api.desk.hold_actions import HoldActions
from dashboard_ws.gateway.api.desk.missing_route import MissingRoute
from dashboard_ws.gateway.api.desk.step_actions import StepActions
from dashboard_ws.gateway.api.http import Api
from dashboard_ws.gateway.api.lineage.lineage_route import LineageRoute
from dashboard_ws.gateway.api.lineage.row_events import RowEvents
from dashboard_ws.gateway.api.oidc.oidc_log_in import OidcLogIn
from dashboard_ws.gateway.api.outline import DrawnRegions
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.api.region_info import RegionInfo
from dashboard_ws.gateway.api.reports.refused_list import RefusedListRoute
from dashboard_ws.gateway.api.reports.report_list import ReportListRoute
from dashboard_ws.gateway.api.reports.return_action import ReturnAction
from dashboard_ws.gateway.api.reports.source_reports import SourceReports
from dashboard_ws.gateway.api.shown_to import WallStates
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.connections.ws import WsEndpoint
from dashboard_ws.gateway.protocol.session import Close, Closed
from dashboard_ws.gateway.stream.analyst_store import AnalystStore
from dashboard_ws.gateway.stream.command_sender import CommandSender
from dashboard_ws.gateway.stream.frame_age import FrameAge
from dashboard_ws.gateway.stream.live_feed import Feed
from dashboard_ws.gateway.stream.question_feed import QuestionFeed
from dashboard_ws.gateway.stream.shown import Shown

SERVICE: Final = "gateway"
_DRAIN_S: Final = 2.0
_WATCH_S: Final = 1.0

_Handler = Callable[[int, FrameType | None], Any]

_log = logs.get("gateway")


class Gateway:
    """One gateway. `failed`: after its end, whether it ended by itself."""

    def __init__(self, settings: Settings, pages: Pages | None = None) -> None:
        self.hub = Hub(settings.regions, load_clock(settings))
        self.failed = False
        self._health = Health(SERVICE)
        key = secret_key(settings)
        self._tokens_known = asyncio.Event()
        self._revocations = RevocationFeed(
            cluster_of(settings, "gateway"), key, self._tokens_known.set
        )
        self._tokens = Tokens(key, DataDir(settings.data_dir), self._revocations.revoked)
        self._oidc = OidcLogIn.of(settings, key, self._tokens)
        self._pages = pages or Pages()
        self._settings = settings
        cluster, partitions = cluster_of(settings, "gateway"), settings.region_partitions
        broker = KafkaAccess(cluster)
        age = FrameAge()
        gateway_metrics.LAG.set_function(age.seconds)
        self._health.check(age.trouble)
        self._feed = Shown(
            lambda generation: Feed(broker, partitions, self.hub, self._health, age, generation),
            lambda: generation_feed.follow(cluster, key),
        )
        self._commands = CommandSender(cluster, key, partitions)
        self._steps = load_steps(settings.regions_dir, settings.regions)
        self._registry = RegistryFeed(cluster_of(settings, "gateway"), key)
        self._questions = QuestionFeed(settings, self.hub, self._registry)
        self._tasks: set[asyncio.Task[Any]] = set()

    def app(self) -> ASGIApp:
        """The ASGI app; its lifespan starts the feed."""
        app = new_app("Pantau gateway", package_version(), self._lifespan)
        build, origins = self._pages.build, self._settings.allowed_origins
        self._health.add_to(app)
        api = Api(self.hub, self._tokens, build)
        drawn = DrawnRegions(self._settings.regions_dir)
        app.include_router(api.router())
        info = RegionInfo(
            self.hub, self._registry, self._questions, api.claims, self._settings, drawn
        )
        app.include_router(info.router())
        accounts = DeskAccounts(DataDir(self._settings.data_dir))
        app.include_router(DeskLogInRoute(accounts, self._tokens, self._oidc is not None).router())
        if self._oidc is not None:
            app.include_router(self._oidc.router())
        access = DeskAccess(self.hub, self._tokens, self._commands.send, self._registry)
        store = AnalystStore(self._settings)
        clusters = StoredClusters(store)
        app.include_router(AlertActions(access, clusters).router())
        app.include_router(ClusterListRoute(access, clusters).router())
        app.include_router(HoldActions(access).router())
        app.include_router(CaseMap(access, drawn).router())
        app.include_router(StepActions(access, self._steps).router())
        app.include_router(MissingRoute(access, self.hub, info.is_simulated).router())
        reports = SourceReports(store)
        app.include_router(ReportListRoute(access, reports).router())
        app.include_router(ReturnAction(access, reports).router())
        app.include_router(RefusedListRoute(access, store).router())
        lineage = LineageRoute(self.hub, self._tokens, self._registry, RowEvents(store))
        app.include_router(lineage.router())
        app.include_router(WallStates(self.hub, self._tokens).router())
        endpoint = WsEndpoint(self.hub, self._tokens, build, origins)
        app.router.routes.append(WebSocketRoute("/ws", endpoint))
        app.router.routes.append(Route("/", self._pages.serve))
        app.router.routes.append(Route("/{path:path}", self._pages.serve))
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        parts = (
            self._feed.run(),
            self._watch(),
            self._registry.run(),
            self._revocations.run(),
            self._questions.run(),
        )
        tasks = [asyncio.create_task(part) for part in parts]
        for task in tasks:
            task.add_done_callback(self._ended)
        # Nobody is let in before it is known whose token is void.
        await self._tokens_known.wait()
        self._drain_first(asyncio.get_running_loop())
        try:
            async with self._commands.running():
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, part: asyncio.Task[None]) -> None:
        """The one supervision point: without one of them a gateway shows old rows, or lets in who was revoked, for ever."""
        if part.cancelled():
            return
        self.failed = True
        _log.error("a part ended; so does the gateway", exc_info=part.exception())
        os.kill(os.getpid(), signal.SIGTERM)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_S)
            self.hub.watch(time.monotonic())

    def _drain_first(self, loop: asyncio.AbstractEventLoop) -> None:
        """Before the server stops, clients are asked to come back: it would only cut them off."""

        before: dict[int, _Handler] = {}

        def stop(number: int, frame: FrameType | None) -> None:
            # A second signal must not wait for the first one's drain.
            for each, handler in before.items():
                signal.signal(each, handler)
            loop.call_soon_threadsafe(start, lambda: before[number](number, frame))

        def start(then: Callable[[], None]) -> None:
            task = loop.create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(lambda _: then())

        for each in (signal.SIGTERM, signal.SIGINT):
            handler = signal.getsignal(each)
            if callable(handler):
                before[each] = handler
                signal.signal(each, stop)

    async def _drain(self) -> None:
        self._health.not_ready("stopping")
        self.hub.close_all(Closed(Close.DEPLOY, "the gateway stops; come back in a moment"))
        await self.hub.empty(_DRAIN_S)
        for client in tuple(self.hub.clients):
            client.abort()

"""What ingest does with one request, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import msgspec
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chassis import logs
from chassis.datadir import DataDir
from chassis.feeds.revocation_feed import RevocationFeed
from chassis.health import Health
from chassis.http.gate import unavailable
from chassis.http.problems import Problem, problem_response, response_of
from chassis.kafka.cluster import cluster_of
from chassis.settings import Settings
from contracts.receipts import Receipt
from contracts.registry.entities import Registry
from contracts.results.topics import COMMANDS, DEAD_LETTERS, ENROLMENTS, EVENT_TOPICS
from contracts.time.clock import Clock, real_now_ms, rfc3339
from contracts.time.windows import PANE_MS, pane_of
from contracts.tokens import device_claims, issue
from producers.ingest.command_feed import CommandFeed
from producers.ingest.counted_registry import CountedRegistryFeed
from producers.ingest.form.form_api import FormApi
from producers.ingest.holds.hold_routes import HoldRoutes
from producers.ingest.ingest_metrics import ACCEPTED, IN_FLIGHT, REJECTED, REQUESTS, TO_ACK
from producers.ingest.judging.judge import Judge, Rejected, Verdicts, count_codes
from producers.ingest.judging.refused_letters import letters_of
from producers.ingest.receipts.progress_feed import ProgressFeed
from producers.ingest.receipts.receipt_routes import ReceiptRoutes
from producers.ingest.receipts.wall_counts import WallCounts, gateways_of
from producers.ingest.rejected.letter_feed import LetterFeed
from producers.ingest.rejected.letter_routes import LetterRoutes
from producers.ingest.requests.body import form_of, items_of, read_body
from producers.ingest.requests.device_auth import asking_unit, bearer_claims
from producers.ingest.requests.limits import Budget, DeviceLimits, RateLimit
from producers.ingest.returned.return_answers import ReturnAnswers
from producers.ingest.returned.return_routes import ReturnRoutes
from producers.ingest.sending.grouping import Batcher
from producers.ingest.sending.link import KafkaLink, KafkaUnavailableError

_MEDIA_TYPE: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()
_log = logs.get(__name__)


class Ingest:
    """One running ingest. `key`: the installation's key; `clock`: the region's clock."""

    def __init__(self, settings: Settings, key: bytes, clock: Clock, limits: DeviceLimits) -> None:
        self.health = Health("ingest")
        self.health.check(self._why_not)
        self._key = key
        self.clock = clock
        self._rate = RateLimit(limits)
        self._budget = Budget(limits)
        cluster = cluster_of(settings, "ingest")
        self._link = KafkaLink(cluster, (*EVENT_TOPICS, DEAD_LETTERS, COMMANDS, ENROLMENTS))
        self._feed = CountedRegistryFeed(cluster, key)
        self._revocations = RevocationFeed(cluster, key)
        self._batcher = Batcher(self._link, settings.group_ms)
        self._progress = ProgressFeed(cluster, key)
        self._walls = WallCounts(gateways_of(settings), key)
        self.receipts = ReceiptRoutes(
            key,
            self._revocations,
            self._rate,
            self._progress,
            self._walls,
            settings.region_partitions,
        )
        self.form = FormApi(
            key,
            DataDir(settings.data_dir),
            clock,
            self._link,
            self._known_sources,
            self._revocations.revoked,
        )
        self._commands = CommandFeed(cluster, key, clock)
        self.holds = HoldRoutes(
            key, clock, self._link, self._commands, self._known_sources, self._revocations.revoked
        )
        self._letter_feed = LetterFeed(cluster)
        self.rejected = LetterRoutes(key, clock, self._letter_feed, self._revocations, self._rate)
        self.returned = ReturnRoutes(key, clock, self._commands, self._revocations, self._rate)
        self._answers = ReturnAnswers(key, clock, self._link, self._commands)
        self._stopping = False

    @asynccontextmanager
    async def running(self, failed: asyncio.Event) -> AsyncIterator[None]:
        """Connected while the block runs; afterwards all that was accepted is written or refused.

        Sets `failed` if one of the parts beside the requests dies: the process must then end.
        """
        feeds = (self._feed, self._revocations, self._progress, self._commands, self._letter_feed)
        parts = (self._link, *feeds)
        tasks = [asyncio.create_task(part.run()) for part in parts]

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                _log.critical("ingest cannot go on", exc_info=task.exception())
                failed.set()

        for task in tasks:
            task.add_done_callback(ended)
        self.health.ready()
        try:
            yield
        finally:
            self._stopping = True
            await self._batcher.drain()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._walls.close()

    def _why_not(self) -> str | None:
        """Why no event can be taken now."""
        if self._stopping:
            return "ingest is stopping"
        if self._link.reason is not None:
            return self._link.reason
        if not self._revocations.is_loaded:
            return "the revoked tokens are not loaded yet"
        return None if self._feed.registry else "the registry is not loaded yet"

    def _known_sources(self) -> Registry | None:
        """The registry, once nobody can come in by a token that was revoked."""
        return self._feed.registry if self._revocations.is_loaded else None

    async def renew_token(self, request: Request) -> Response:
        """`POST /v1/token`: a fresh token for a device whose token still holds."""
        try:
            before = bearer_claims(
                request.headers.get("authorization"),
                self._key,
                self._revocations.revoked,
                "device",
            )
            self._rate.take(before.sub, time.monotonic())
        except Problem as problem:
            return response_of(problem)
        if not self._revocations.is_loaded:
            return response_of(unavailable("The revoked tokens are not loaded yet."))
        claims = device_claims(before.sub, real_now_ms(), before.until)
        body = {
            "token": issue(self._key, claims),
            "expires": rfc3339((claims.exp or 0) * 1000),
        }
        return Response(_encoder.encode(body), media_type=_MEDIA_TYPE)

    async def post_events(self, request: Request) -> Response:
        """`POST /v1/events`. Answers every request, whatever it holds."""
        started = time.monotonic()
        with IN_FLIGHT.track_inprogress():
            try:
                response = await self._answer(request)
            except Problem as problem:
                response = problem_response(
                    problem.status, problem.title, problem.detail, problem.headers
                )
            except ClientDisconnect:
                # Nobody is there to read it; the device keeps its copy.
                response = Response(status_code=400)
        _count_of(response.status_code).inc()
        if response.status_code in (202, 422):
            TO_ACK.observe(time.monotonic() - started)
        return response

    async def _answer(self, request: Request) -> Response:
        headers = request.headers
        token, revoked = headers.get("authorization"), self._revocations.revoked
        unit_id = asking_unit(token, self._key, revoked, self._rate)
        form = form_of(headers.get("content-type", ""), headers.get("content-encoding", ""))
        registry = self._feed.registry
        reason = self._why_not()
        if reason is not None or registry is None:
            raise unavailable(f"Nothing can be taken now: {reason}.")
        with self._budget.share(unit_id) as share:
            body = await read_body(request.stream(), form.gzip, share.take)
            items = items_of(form.shape, body)
            found = await Judge(unit_id, registry, self.clock).verdicts(items)
            try:
                receipt, letters = await self._write(unit_id, found, registry)
                await self._answers.note(unit_id, receipt.region, found.accepted)
            except KafkaUnavailableError:
                raise unavailable("Kafka does not answer; send the same request again.") from None
        self._rate.charge(unit_id, len(found.rejected), letters, time.monotonic())
        return _response(found, self.receipts.give(receipt))

    async def _write(
        self, unit_id: str, found: Verdicts, registry: Registry
    ) -> tuple[Receipt, int]:
        """Where all of it is, once Kafka has it; the number of dead letters."""
        groups = [
            self._batcher.add(topic, unit_id, lines) for topic, lines in found.accepted.items()
        ]
        letters: list[bytes] = []
        if found.rejected:
            letters = letters_of(found.rejected, unit_id, registry, self.clock.now_ms())
        refused = [await self._batcher.write_letters(unit_id, letters)] if letters else []
        events = [await asyncio.shield(written) for written in groups]
        ACCEPTED.inc(found.accepted_count)
        for code, count in count_codes(found.rejected).items():
            REJECTED.labels(code).inc(count)
        receipt = Receipt(
            source=unit_id,
            region=registry.region_of_source(unit_id) or "",
            events=tuple(events),
            letters=tuple(refused),
            due_ms=pane_of(found.latest_ms) * PANE_MS,
            made_ms=real_now_ms(),
        )
        return receipt, len(letters)


@cache
def _count_of(status: int) -> Counter:
    # Finding the counter by its label takes longer than counting.
    return REQUESTS.labels(status)


def _shown(one: Rejected) -> dict[str, Any]:
    refusal = one.refusal
    return {
        "index": one.index,
        "id": refusal.id,
        "code": refusal.code,
        "detail": refusal.detail,
    }


def _response(found: Verdicts, receipt: str) -> Response:
    body = {
        "accepted": found.accepted_count,
        "rejected": list(map(_shown, found.rejected)),
        "receipt": receipt,
    }
    status = 202 if found.accepted_count else 422
    return Response(_encoder.encode(body), status, media_type=_MEDIA_TYPE)

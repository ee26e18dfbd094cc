"""The routes of the form for the field."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.datadir import DataDir
from chassis.feeds.enrolment_record import enrolment_record
from chassis.http.gate import unavailable
from chassis.http.pages import DIST, Pages
from chassis.http.problems import Problem, response_of
from contracts.registry.entities import Registry
from contracts.revocations import Revocations
from contracts.time.clock import Clock
from producers.ingest.form.enrolment import Enrolment
from producers.ingest.form.source_info import source_answer
from producers.ingest.requests.body import small_body
from producers.ingest.requests.device_auth import asking_unit
from producers.ingest.requests.limits import DeviceLimits, RateLimit
from producers.ingest.sending.link import KafkaLink, KafkaUnavailableError

_ENROL_LIMITS: Final = DeviceLimits(requests_per_s=1, burst=60)
"""Of one address: all phones of a school may share one."""
_PRIVATE: Final = {"Cache-Control": "no-store"}
_MEDIA_TYPE: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()

Ready = Callable[[], Registry | None]
"""The registry, once it and the revoked tokens are read."""


class FormApi:
    """`key`: the installation's key; `clock`: the region's clock."""

    def __init__(
        self,
        key: bytes,
        data_dir: DataDir,
        clock: Clock,
        link: KafkaLink,
        ready: Ready,
        revoked: Revocations,
    ) -> None:
        self._key = key
        self._clock = clock
        self._link = link
        self._ready = ready
        self._revoked = revoked
        self._enrolment = Enrolment(key, data_dir, clock, revoked)
        self._enrol_rate = RateLimit(_ENROL_LIMITS)
        self._rate = RateLimit(DeviceLimits())
        self._pages = Pages(DIST / "field", "field.html")

    def routes(self) -> list[Route]:
        """All of them. Pages are at the root and in one folder, so that an unknown address below /v1 stays one."""
        return [
            Route("/v1/enrol", self.enrol, methods=["POST"]),
            Route("/v1/source", self.source, methods=["GET"]),
            Route("/", self._pages.serve, methods=["GET"]),
            Route("/{name}", self._pages.serve, methods=["GET"]),
            Route("/assets/{name}", self._pages.serve, methods=["GET"]),
        ]

    async def enrol(self, request: Request) -> Response:
        """`POST /v1/enrol`."""
        address = request.client.host if request.client else ""
        try:
            self._enrol_rate.take(address, time.monotonic())
            registry = self._registry()
            body = await small_body(request.stream())
            answer, used = await asyncio.to_thread(self._enrolment.enrol, body, registry)
            await self._link.write([enrolment_record(self._key, used)])
        except KafkaUnavailableError:
            # The same phone may use its code again.
            detail = "Kafka does not answer; send the same request again."
            return response_of(unavailable(detail))
        except Problem as problem:
            return response_of(problem)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(_encoder.encode(answer), 200, _PRIVATE, _MEDIA_TYPE)

    async def source(self, request: Request) -> Response:
        """`GET /v1/source`."""
        try:
            token = request.headers.get("authorization")
            unit_id = asking_unit(token, self._key, self._revoked, self._rate)
            answer = source_answer(self._registry(), self._clock, unit_id)
            if answer is None:
                raise Problem(404, "Not Found", "The registry has no row of this source today.")
        except Problem as problem:
            return response_of(problem)
        return Response(_encoder.encode(answer), 200, _PRIVATE, _MEDIA_TYPE)

    def _registry(self) -> Registry:
        registry = self._ready()
        if registry is None:
            raise unavailable("The registry and the revoked tokens are not loaded yet.")
        return registry

"""`GET /v1/holds` and `POST /v1/holds/{id}/confirm`: a recipient learns that it must stop, and says that it has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chassis import logs
from chassis.feeds.command_record import command_record
from chassis.http.gate import unavailable
from chassis.http.problems import Problem, response_of
from contracts.commands import Confirm, Hold
from contracts.registry.entities import Registry
from contracts.results.topics import COMMANDS
from contracts.revocations import Revocations
from contracts.time.clock import Clock, rfc3339
from contracts.unreadable import UNREADABLE
from producers.ingest.command_feed import CommandFeed
from producers.ingest.holds.standing_holds import StandingHold
from producers.ingest.requests.body import small_body
from producers.ingest.requests.device_auth import asking_unit
from producers.ingest.requests.limits import DeviceLimits, RateLimit
from producers.ingest.sending.link import KafkaLink, KafkaUnavailableError

_PRIVATE: Final = {"Cache-Control": "no-store"}
_MEDIA_TYPE: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()
_log = logs.get("ingest.holds")


class ShownHold(msgspec.Struct):
    """A hold as a recipient, or the kitchen that cooked the batch, is shown it. Times: RFC 3339, the region's clock.

    `asks`: this source has to confirm; `confirmed_at`: when it did; `recipients`, `confirmed`: how many, of all.
    """

    id: str
    batch: str
    kitchen: str
    kitchen_name: str
    ordered_at: str
    note: str
    asks: bool
    confirmed_at: str | None
    recipients: int
    confirmed: int


class HoldsAnswer(msgspec.Struct):
    """Holds that concern the token's source, oldest first."""

    holds: list[ShownHold]


class ConfirmRequest(msgspec.Struct):
    """`eaten`: some of the food had been eaten before it was stopped."""

    eaten: bool


class ConfirmAnswer(msgspec.Struct):
    """Id of the command: the same for every repetition."""

    command: str


_decoder: Final = msgspec.json.Decoder(ConfirmRequest)


class HoldRoutes:
    """`ready`: the registry, once it and the revoked tokens are read."""

    def __init__(
        self,
        key: bytes,
        clock: Clock,
        link: KafkaLink,
        feed: CommandFeed,
        ready: Callable[[], Registry | None],
        revoked: Revocations,
    ) -> None:
        self._key = key
        self._clock = clock
        self._link = link
        self._feed = feed
        self._ready = ready
        self._revoked = revoked
        self._rate = RateLimit(DeviceLimits())

    def routes(self) -> list[Route]:
        """Both."""
        return [
            Route("/v1/holds", self.list_holds, methods=["GET"]),
            Route("/v1/holds/{hold}/confirm", self.confirm, methods=["POST"]),
        ]

    async def list_holds(self, request: Request) -> Response:
        """`GET /v1/holds`."""
        try:
            source_id, registry = self._source(request)
            holds = self._feed.holds.of(source_id, self._clock.now_ms())
            answer = HoldsAnswer(
                [self._shown(*item, source_id, registry) for item in holds.items()]
            )
        except Problem as problem:
            return response_of(problem)
        return Response(_encoder.encode(answer), 200, _PRIVATE, _MEDIA_TYPE)

    async def confirm(self, request: Request) -> Response:
        """`POST /v1/holds/{hold}/confirm`."""
        try:
            source_id, _ = self._source(request)
            hold_id = request.path_params["hold"]
            hold = self._feed.holds.get(hold_id)
            if hold is None or source_id not in hold.order.recipients:
                detail = "No hold of this id stands that asks this token's recipient."
                raise Problem(404, "Not Found", detail)
            try:
                asked = _decoder.decode(await small_body(request.stream()))
            except UNREADABLE:
                raise Problem(400, "Bad Request", 'Send {"eaten": true or false}.') from None
            command = _confirm(hold.order, source_id, asked.eaten)
            if source_id not in hold.confirmed:
                await self._send(command)
        except Problem as problem:
            return response_of(problem)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(_encoder.encode(ConfirmAnswer(command.id)), 202, _PRIVATE, _MEDIA_TYPE)

    async def _send(self, command: Confirm) -> None:
        try:
            record = command_record(self._key, command, self._link.partitions(COMMANDS))
            await self._link.write([record])
        except KafkaUnavailableError:
            raise unavailable("Kafka does not answer; send the same request again.") from None
        _log.info("a hold is confirmed", hold=command.alert_id, by=command.by, id=command.id)

    def _source(self, request: Request) -> tuple[str, Registry]:
        token = request.headers.get("authorization")
        source_id = asking_unit(token, self._key, self._revoked, self._rate)
        registry = self._ready()
        if registry is None or not self._feed.is_loaded:
            raise unavailable("The registry, the revoked tokens and the holds are not loaded yet.")
        return source_id, registry

    def _shown(
        self, shown_as: str, hold: StandingHold, source_id: str, registry: Registry
    ) -> ShownHold:
        order, answer = hold.order, hold.confirmed.get(source_id)
        unit = registry.unit(order.unit, registry.local_day(order.region, hold.at_ms))
        return ShownHold(
            id=shown_as,
            batch=order.batch,
            kitchen=order.unit,
            kitchen_name=unit.name if unit else order.unit,
            ordered_at=rfc3339(hold.at_ms),
            note=order.note,
            asks=source_id in order.recipients,
            confirmed_at=rfc3339(answer.at_ms) if answer else None,
            recipients=len(set(order.recipients)),
            confirmed=len(hold.confirmed),
        )


def _confirm(order: Hold, recipient: str, eaten: bool) -> Confirm:
    """The same id however often a recipient says it: it counts once."""
    identity = hashlib.sha256(f"{order.shown_as}\0{recipient}".encode()).hexdigest()[:32]
    return Confirm(
        id=identity, region=order.region, alert_id=order.shown_as, by=recipient, note="", eaten=eaten
    )  # fmt: skip

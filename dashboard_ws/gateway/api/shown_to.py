"""`GET /v1/walls`: how much of a region each client was sent. For other services of the installation, not for clients."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from chassis.http.problems import Problem
from contracts.results.reached import ShownTo, WallsAnswer
from contracts.time.instant import BadInstantError, epoch_ms
from contracts.tokens import TokenError
from dashboard_ws.gateway.api.http import Bearer, credentials, unauthorized
from dashboard_ws.gateway.api.page_tokens import Tokens
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import Contents


class WallStates:
    """The route."""

    def __init__(self, hub: Hub, tokens: Tokens) -> None:
        self._hub = hub
        self._tokens = tokens

    def router(self) -> APIRouter:
        """The route alone."""
        router = APIRouter()
        router.add_api_route("/v1/walls", self.walls, methods=["GET"], response_model=None)
        return router

    async def walls(
        self, bearer: Bearer, region: Annotated[str, Query(description="Region code")]
    ) -> Response:
        """Clients of this gateway by what they were sent of the region; takes a service's token."""
        try:
            self._tokens.verify(credentials(bearer), "service")
        except TokenError as error:
            raise unauthorized(str(error)) from None
        if region not in self._hub.maps:
            raise Problem(404, "Not Found", "The region is not served here.")
        return Response(
            msgspec.json.encode(_grouped(self._hub.shown(region))), media_type="application/json"
        )


def _grouped(contents: list[Contents]) -> WallsAnswer:
    """Clients that stand at one seq share one object."""
    count = Counter(map(id, contents))
    found = []
    for one in {id(one): one for one in contents}.values():
        try:
            as_of_ms = epoch_ms(one.as_of or "")
        except BadInstantError:
            continue  # a head that says no time: nothing is known of what it closes
        found.append(ShownTo(count[id(one)], as_of_ms, dict(one.positions)))
    return WallsAnswer(found)

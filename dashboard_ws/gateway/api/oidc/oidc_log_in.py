"""`/v1/desk/oidc/...`: the browser goes to the provider, comes back with a code, and the page gets the token of a shift.

Where a step fails the browser stands at the desk again, with the reason behind `#sso=`: no address of a request decides
where it is sent.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Query, Request
from starlette.responses import RedirectResponse, Response

from chassis import logs
from chassis.datadir import DataDir
from chassis.http.problems import Problem
from chassis.settings import Settings
from chassis.used_codes import UsedCodes
from contracts.time.clock import rfc3339
from contracts.tokens import Claims
from dashboard_ws.gateway.api.desk.desk_log_in import DeskToken
from dashboard_ws.gateway.api.oidc import oidc_flow as flow
from dashboard_ws.gateway.api.oidc.oidc_policy import OidcPolicy
from dashboard_ws.gateway.api.oidc.oidc_provider import (
    OidcProvider,
    ProviderAwayError,
    RefusedTokenError,
)
from dashboard_ws.gateway.api.page_tokens import Tokens, now_s

Outcome = Literal["in", "away", "cancelled", "failed", "no_role"]
"""What the desk's page gets; it has words for each."""
_PATH: Final = "/v1/desk/oidc"
_BEGUN: Final = "pantau_oidc_begun"
_PASSED: Final = "pantau_oidc_passed"
_MOST_CODE: Final = 4096
_CANCELLED: Final = frozenset({"access_denied", "login_required", "interaction_required"})

_log = logs.get("gateway.desk")


class OidcLogIn:
    """The routes."""

    def __init__(self, policy: OidcPolicy, settings: Settings, key: bytes, tokens: Tokens) -> None:
        self._policy = policy
        self._key = key
        self._tokens = tokens
        self._regions = settings.regions
        self._provider = OidcProvider(policy)
        self._used = UsedCodes(DataDir(settings.data_dir))

    @classmethod
    def of(cls, settings: Settings, key: bytes, tokens: Tokens) -> OidcLogIn | None:
        """None where no provider is configured. Raises `OperatorError` for one that is configured by half."""
        policy = OidcPolicy.of(settings)
        return None if policy is None else cls(policy, settings, key, tokens)

    def router(self) -> APIRouter:
        """All four."""
        router = APIRouter(prefix=_PATH)
        for path, endpoint in (("/start", self.start), ("/back", self.back), ("/end", self.end)):
            router.add_api_route(
                path, endpoint, methods=["GET"], status_code=303, response_class=RedirectResponse
            )
        router.add_api_route("/token", self.token, methods=["POST"], response_model=DeskToken)
        return router

    async def start(
        self, region: Annotated[str, Query(description="Region that the desk is to show")] = ""
    ) -> Response:
        """Send the browser to the provider."""
        shown = region if region in self._regions else ""
        try:
            addresses = await self._provider.addresses()
        except ProviderAwayError as error:
            _log.warning("the provider of log-ins is away", why=str(error))
            return self._at_desk("away", shown)
        state = flow.new_state()
        asked = {
            "response_type": "code",
            "client_id": self._policy.client_id,
            "redirect_uri": self._policy.back_url,
            "scope": self._policy.scopes,
            "state": state,
            "nonce": flow.nonce_of(self._key, state),
            "code_challenge": flow.challenge_of(flow.verifier_of(self._key, state)),
            "code_challenge_method": "S256",
        }
        answer = _sent(_with(addresses.authorization_endpoint, asked))
        begun = flow.BegunLogIn(state, int(now_s()) + flow.BEGUN_S, shown)
        self._give(answer, _BEGUN, flow.seal(self._key, begun), flow.BEGUN_S, "lax")
        return answer

    async def back(
        self,
        request: Request,
        state: Annotated[str, Query(max_length=_MOST_CODE)] = "",
        code: Annotated[str, Query(max_length=_MOST_CODE)] = "",
        error: Annotated[str, Query(max_length=_MOST_CODE)] = "",
        iss: Annotated[str, Query(max_length=_MOST_CODE)] = "",
        pantau_oidc_begun: Annotated[str, Cookie(max_length=_MOST_CODE)] = "",
    ) -> Response:
        """Take the browser back: its code for an ID token, the token's claims for a person."""
        begun = flow.opened(self._key, flow.BegunLogIn, pantau_oidc_begun, now_s())
        if begun is None or not secrets.compare_digest(begun.state.encode(), state.encode()):
            # Somebody else may have begun this log-in: nothing of it is asked for.
            return self._refused("failed", "", "another state")
        if iss not in ("", self._policy.issuer):
            return self._refused("failed", begun.region, "another issuer answers (RFC 9207)")
        if error or not code:
            outcome: Outcome = "cancelled" if error in _CANCELLED else "failed"
            return self._refused(outcome, begun.region, "the provider gave no code")
        try:
            claims = await self._provider.claims(
                code, flow.verifier_of(self._key, state), flow.nonce_of(self._key, state)
            )
        except ProviderAwayError as away:
            return self._refused("away", begun.region, str(away))
        except RefusedTokenError as refused:
            return self._refused("failed", begun.region, str(refused))
        user, role = self._policy.name(claims), self._policy.role(claims)
        if user is None:
            return self._refused("failed", begun.region, "no name that may be stored")
        if role is None:
            return self._refused("no_role", begun.region, "no role here")
        address = request.client.host if request.client else ""
        _log.info("a person came from the provider", user=user, role=role, address=address)
        answer = self._at_desk("in", begun.region)
        exp = int(now_s()) + flow.PASSED_S
        passed = flow.PassedLogIn(user, role, exp, secrets.token_urlsafe(12))
        self._give(answer, _PASSED, flow.seal(self._key, passed), flow.PASSED_S, "strict")
        return answer

    def token(
        self,
        response: Response,
        pantau_oidc_passed: Annotated[str, Cookie(max_length=_MOST_CODE)] = "",
    ) -> DeskToken:
        """Trade the proof of a log-in at the provider, once, for a token of 12 hours."""
        passed = flow.opened(self._key, flow.PassedLogIn, pantau_oidc_passed, now_s())
        if passed is None or not self._used.use(
            Claims("code", passed.user, passed.jti, passed.exp)
        ):
            raise Problem(401, "Unauthorized", "Log in first: GET /v1/desk/oidc/start.")
        response.delete_cookie(_PASSED, path=_PATH)
        response.headers["Cache-Control"] = "no-store"
        _log.info("a person logged in at the desk", user=passed.user, role=passed.role)
        token, exp = self._tokens.operator(passed.user, passed.role)
        return DeskToken(token=token, expires=rfc3339(exp * 1000), role=passed.role)

    async def end(self) -> Response:
        """End the session at the provider too, where it has an address for that."""
        desk = f"{self._policy.desk_url}/desk"
        try:
            address = (await self._provider.addresses()).end_session_endpoint
        except ProviderAwayError:
            address = ""
        asked = {"client_id": self._policy.client_id, "post_logout_redirect_uri": desk}
        return _sent(_with(address, asked) if address else desk)

    def _refused(self, outcome: Outcome, region: str, why: str) -> Response:
        _log.warning("a log-in of the desk failed", why=why)
        return self._at_desk(outcome, region)

    def _at_desk(self, outcome: Outcome, region: str) -> Response:
        """The desk again, and no log-in under way."""
        query = f"?{urlencode({'region': region})}" if region else ""
        answer = _sent(f"{self._policy.desk_url}/desk{query}#sso={outcome}")
        answer.delete_cookie(_BEGUN, path=_PATH)
        return answer

    def _give(
        self,
        answer: Response,
        name: str,
        text: str,
        lives_s: int,
        sent: Literal["lax", "strict"],
    ) -> None:
        secure = self._policy.desk_url.startswith("https:")
        answer.set_cookie(
            name, text, max_age=lives_s, path=_PATH, secure=secure, httponly=True, samesite=sent
        )


def _with(address: str, asked: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _sent(url: str) -> Response:
    return RedirectResponse(
        url, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )

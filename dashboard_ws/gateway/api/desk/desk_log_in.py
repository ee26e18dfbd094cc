"""`POST /v1/desk/login`: a person's password for a token of a shift."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from chassis import logs
from chassis.desk_accounts import MAX_PASSWORD, DeskAccounts
from chassis.http.failed_log_ins import FailedLogIns, GuessPolicy
from chassis.http.problems import Problem
from contracts.time.clock import rfc3339
from contracts.tokens import Role
from dashboard_ws.gateway.api.page_tokens import Tokens

_GUESSES: Final = GuessPolicy(at_once=10, seconds_each=30.0)

_log = logs.get("gateway.desk")


class DeskLogIn(BaseModel):
    """A user and a password."""

    user: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class DeskToken(BaseModel):
    """A token, when it ends, and what its holder may do."""

    token: str
    expires: str
    role: Role


class LogInWays(BaseModel):
    """`provider`: an account of the configured provider may log in too, by `GET /v1/desk/oidc/start`."""

    provider: bool


class DeskLogInRoute:
    """The routes. One hash at a time: guessers must not take the CPU from the walls."""

    def __init__(self, accounts: DeskAccounts, tokens: Tokens, has_provider: bool) -> None:
        self._ways = LogInWays(provider=has_provider)
        self._accounts = accounts
        self._tokens = tokens
        self._failed = FailedLogIns(_GUESSES)
        self._hashing = ThreadPoolExecutor(1, "desk-hash")

    def router(self) -> APIRouter:
        """Both routes."""
        router = APIRouter()
        router.add_api_route("/v1/desk/login", self.ways, methods=["GET"], response_model=LogInWays)
        router.add_api_route(
            "/v1/desk/login", self.log_in, methods=["POST"], response_model=DeskToken
        )
        return router

    async def ways(self) -> LogInWays:
        """How a person may log in beside with a password."""
        return self._ways

    async def log_in(self, asked: DeskLogIn, request: Request) -> DeskToken:
        """Trade user and password for a token of 12 hours."""
        address = request.client.host if request.client else ""
        # Whoever shares an address with a guesser must still get in.
        role = self._accounts.recognise(asked.user, asked.password)
        if role is None:
            role = await self._checked(asked, address)
        _log.info("a person logged in at the desk", user=asked.user, role=role, address=address)
        token, exp = self._tokens.operator(asked.user, role)
        return DeskToken(token=token, expires=rfc3339(exp * 1000), role=role)

    async def _checked(self, asked: DeskLogIn, address: str) -> Role:
        if wait_s := self._failed.wait_s(address, time.monotonic()):
            retry = {"Retry-After": f"{wait_s:.0f}"}
            detail = "Too many failed log-ins from this address: try again later."
            raise Problem(429, "Too Many Requests", detail, retry)
        self._failed.begun(address, time.monotonic())
        loop = asyncio.get_running_loop()
        role = await loop.run_in_executor(
            self._hashing, self._accounts.role_of, asked.user, asked.password
        )
        if role is None:
            _log.warning("a log-in of the desk failed", address=address)
            raise Problem(401, "Unauthorized", "There is no such user with this password.")
        self._failed.passed(address)
        return role

"""Whose request it is: user and password of each, checked in a thread of its own."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request

from chassis.http.failed_log_ins import FailedLogIns, GuessPolicy
from engines.clickhouse import protocol
from engines.clickhouse.accounts import Accounts
from engines.clickhouse.engine_errors import refused


def address_of(request: Request) -> str:
    """The client's address; empty where there is none."""
    return request.client.host if request.client else ""


class LogIns:
    """`checks`: the thread that hashes; whoever ends the server ends it."""

    def __init__(self, accounts: Accounts, policy: GuessPolicy) -> None:
        self._accounts = accounts
        self._failed = FailedLogIns(policy)
        self.checks = ThreadPoolExecutor(1, "auth")

    async def user_of(self, request: Request) -> str:
        """The account. Raises `ClickHouseError` without the right password, or after too many wrong ones."""
        who = protocol.credentials(request.headers, request.query_params)
        if who is None:
            raise refused(194, "REQUIRED_PASSWORD", "Authentication is required: user and password")
        if self._accounts.recognise(who.user, who.password):
            return who.user
        address, now = address_of(request), time.monotonic()
        if wait_s := self._failed.wait_s(address, now):
            raise _failed(
                f"Too many failed log-ins from this address: wait {wait_s:.0f} s before the next try"
            )
        self._failed.begun(address, now)
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(self.checks, self._accounts.check, who.user, who.password):
            self._failed.passed(address)
            return who.user
        raise _failed(
            f"{who.user[:40]}: Authentication failed: "
            "password is incorrect, or there is no user with such name"
        )


def _failed(text: str) -> Exception:
    return refused(516, "AUTHENTICATION_FAILED", text)

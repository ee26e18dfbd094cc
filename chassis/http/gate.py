"""The outermost ASGI app of every service: bounds a request before the service's app sees it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.http_policy import HttpPolicy
from chassis.http.problems import Problem, response_of

CONNECTION: Final = "pantau.connection"
"""Where the scope holds what answers, which ASGI hides: a `WebsocketConnection`, or uvicorn's cycle of a request; None without a server."""


def unavailable(detail: str, retry_after_s: int = 2) -> Problem:
    """503: nothing is wrong with the request; the client keeps its copy and comes back."""
    headers = {"Retry-After": str(retry_after_s)}
    return Problem(503, "Service Unavailable", detail, headers)


class Gate:
    """Lets a request of `policy`'s size through to `app`."""

    def __init__(self, app: ASGIApp, policy: HttpPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope[CONNECTION] = getattr(send, "__self__", None)
        problem = self._refusal(scope)
        if problem is not None:
            await _answer(problem, scope, receive, send)
        elif scope["type"] == "http" and _has_body(scope):
            await _BoundedBody(self._policy, receive, send).run(self._app, scope)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        policy = self._policy
        size = len(scope["raw_path"]) + len(scope["query_string"])
        body_bytes = 0
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"content-length":
                body_bytes = int(value or 0)
        if size > policy.max_head_bytes:
            return head_too_large(policy)
        return _body_too_large(policy) if body_bytes > policy.max_body_bytes else None


class _BoundedBody:
    """One request with a body. Its answer is replaced by a problem if the body breaks a limit."""

    def __init__(self, policy: HttpPolicy, receive: Receive, send: Send) -> None:
        self._policy = policy
        self._receive = receive
        self._send = send
        self._size = 0
        self._more = True
        self._deadline = asyncio.get_running_loop().time() + policy.body_s
        self._problem: Problem | None = None
        self._begun = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._bounded, self._answered)
        except Exception:
            # What the app makes of the refusal, an error of its own perhaps, is of no interest.
            if self._problem is None:
                raise
        if self._problem is not None and not self._begun:
            await _answer(self._problem, scope, self._receive, self._send)

    async def _bounded(self) -> Message:
        if not self._more:
            return await self._receive()
        try:
            # A time-out costs more than taking over a small body that came with its head.
            if _has_arrived(self._receive):
                message = await self._receive()
            else:
                async with asyncio.timeout_at(self._deadline):
                    message = await self._receive()
        except TimeoutError:
            raise self._refuse(
                unavailable(
                    f"The body did not arrive within {self._policy.body_s:.0f} s: "
                    "send the same again, or less at once."
                )
            ) from None
        self._size += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        if self._size > self._policy.max_body_bytes:
            raise self._refuse(_body_too_large(self._policy))
        return message

    def _refuse(self, problem: Problem) -> Problem:
        self._problem = problem
        return problem

    async def _answered(self, message: Message) -> None:
        if self._problem is None or self._begun:
            self._begun = True
            await self._send(message)


def _has_arrived(receive: Receive) -> bool:
    """Whether all of the body is there, so that nothing is waited for. ASGI hides it; uvicorn's cycle knows."""
    return not getattr(getattr(receive, "__self__", None), "more_body", True)


def head_too_large(policy: HttpPolicy) -> Problem:
    """431."""
    detail = f"Address and headers of a request may have {policy.max_head_bytes} bytes together."
    return Problem(431, "Request Header Fields Too Large", detail)


def _body_too_large(policy: HttpPolicy) -> Problem:
    detail = f"A body may have {policy.max_body_bytes} bytes here: send less at once."
    return Problem(413, "Content Too Large", detail)


def _has_body(scope: Scope) -> bool:
    return any(
        value not in (b"", b"0")
        for name, value in scope["headers"]
        if name in (b"content-length", b"transfer-encoding")
    )


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    # Starlette writes a response to an upgrade as websocket.http.response by itself.
    response: Response = response_of(problem)
    await response(scope, receive, send)

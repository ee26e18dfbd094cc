"""A small client of ingest's public API, for the simulator and for bridges to other systems.

    async with DeviceClient("http://127.0.0.1:8080", token) as client:
        result = await client.post(lines)

`post` gives up nothing: what it was handed is accepted, rejected by name, or set aside.
"""

from __future__ import annotations

import asyncio
import math
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, NamedTuple, Self

import aiohttp
import msgspec

from contracts.receipts import ReceiptState
from contracts.time.clock import real_now_ms
from contracts.tokens import claims_of

_GZIP_FROM: Final = 2_048
"""Bodies from this size on are packed."""
_GZIP_WBITS: Final = 31
_GZIP_LEVEL: Final = 3
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, connect=10)
_LINES: Final = "application/x-ndjson"
_TAKEN: Final = (202, 422)
_TOO_LARGE: Final = 413
_UNFIT: Final = (400, 415)
_RENEW_AGAIN_MS: Final = 3_600_000
_NOT_ALLOWED: Final = (401, 403)
_MOVED: Final = (301, 302, 303, 307, 308)


class RejectedItem(msgspec.Struct, frozen=True):
    """One event that ingest refused. `index` counts the lines handed to `post`, from 0."""

    index: int
    id: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that ingest cannot take in any form: to be shown to somebody. `index` as above."""

    index: int
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of the lines of one `post`. `receipts`: one an answer, see `DeviceClient.receipt`."""

    accepted: int = 0
    rejected: tuple[RejectedItem, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    receipts: tuple[str, ...] = ()

    def __add__(self, other: PostResult) -> PostResult:
        """Both together. `other` holds indices of the same list."""
        return PostResult(
            self.accepted + other.accepted,
            self.rejected + other.rejected,
            self.set_aside + other.set_aside,
            self.receipts + other.receipts,
        )


class NotAllowedError(Exception):
    """401 or 403: the token is none, or of another unit; 3xx: the address is not that of ingest.

    The caller keeps its copy.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class _Answer(msgspec.Struct):
    accepted: int
    rejected: list[RejectedItem]
    receipt: str = ""
    """Empty from an ingest that gives none yet."""


class _Renewal(msgspec.Struct):
    token: str


class _Problem(msgspec.Struct):
    detail: str = ""


_answer: Final = msgspec.json.Decoder(_Answer)
_state: Final = msgspec.json.Decoder(ReceiptState)
_renewal: Final = msgspec.json.Decoder(_Renewal)
_problem: Final = msgspec.json.Decoder(_Problem)


class _Reply(NamedTuple):
    status: int
    body: bytes
    retry_after_s: float | None


def packed(lines: Sequence[bytes]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request with `lines`, gzipped where that pays."""
    body = b"\n".join(lines)
    headers = {"Content-Type": _LINES}
    if len(body) < _GZIP_FROM:
        return body, headers
    gzip = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WBITS)
    return gzip.compress(body) + gzip.flush(), headers | {"Content-Encoding": "gzip"}


def wait_s(attempt: int, retry_after_s: float | None, chance: float) -> float:
    """Seconds before the next attempt: full jitter (`chance` in 0..1) over a doubling bound.

    Never less than what the server asks for. `attempt` counts from 0.
    """
    bound = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 10))
    return (retry_after_s or 0.0) + chance * float(bound)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _detail(body: bytes) -> str:
    try:
        return _problem.decode(body).detail
    except msgspec.DecodeError:
        return ""


class DeviceClient:
    """Posts lines of one unit. `base_url`: of ingest; `token`: the device's.

    `session` is shared with others where given, and is then not closed here. A token in the second half of its life is
    renewed before the next post; `renewed` is given the new one, to be stored in place of the old.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        session: aiohttp.ClientSession | None = None,
        renewed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._renewed = renewed
        self._take(token)
        self._own = session is None
        self._session = session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, unless they are another's."""
        if self._own and self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, lines: Sequence[bytes]) -> PostResult:
        """Hand `lines` (one JSON event each, no newline inside) over; returns when all are judged.

        Tries for ever while ingest is away or busy: bound it with `asyncio.timeout` where needed;
        what was under way may then have arrived, which does no harm. 413 halves what is sent.
        Raises `NotAllowedError`.
        """
        if real_now_ms() >= self._renew_from_ms:
            await self._renew()
        result = PostResult()
        waiting = [(0, len(lines))] if lines else []
        while waiting:
            start, end = waiting.pop()
            reply = await self._until_judged(lines[start:end])
            if reply.status in _TAKEN:
                result += _taken(reply.body, start)
            elif reply.status == _TOO_LARGE and end - start > 1:
                middle = (start + end) // 2
                waiting += [(middle, end), (start, middle)]
            else:
                detail = _detail(reply.body)
                aside = tuple(SetAside(at, reply.status, detail) for at in range(start, end))
                result += PostResult(set_aside=aside)
        return result

    async def receipt(self, receipt: str) -> ReceiptState | None:
        """How far what a receipt stands for has come; None if ingest does not say now. Raises `NotAllowedError`."""
        try:
            reply = await self._send("GET", f"/v1/receipts/{receipt}", b"", {})
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        if reply.status in _NOT_ALLOWED:
            raise NotAllowedError(reply.status, _detail(reply.body))
        return _state.decode(reply.body) if reply.status == HTTPStatus.OK else None

    def _take(self, token: str) -> None:
        self._authorization = f"Bearer {token}"
        claims = claims_of(token)
        # A token that does not end needs no other.
        self._renew_from_ms = math.inf
        if claims is not None and claims.exp is not None:
            self._renew_from_ms = (claims.made_ms + claims.exp * 1000) / 2

    async def _renew(self) -> None:
        """Another token, if ingest gives one. If not, the old one serves until its end, and this is tried again later."""
        self._renew_from_ms = real_now_ms() + _RENEW_AGAIN_MS
        try:
            reply = await self._send("POST", "/v1/token", b"", {})
            if reply.status == HTTPStatus.OK:
                token = _renewal.decode(reply.body).token
                self._take(token)
                self._renewed(token)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError):
            return

    async def _until_judged(self, lines: Sequence[bytes]) -> _Reply:
        """The first answer that says something of the lines themselves."""
        body, headers = packed(lines)
        attempt = 0
        while True:
            retry_after_s = None
            try:
                reply = await self._send("POST", "/v1/events", body, headers)
            except (aiohttp.ClientError, TimeoutError, OSError):
                reply = None
            if reply is not None:
                if reply.status in (*_TAKEN, _TOO_LARGE, *_UNFIT):
                    return reply
                if reply.status in _NOT_ALLOWED:
                    raise NotAllowedError(reply.status, _detail(reply.body))
                if reply.status in _MOVED:
                    raise NotAllowedError(
                        reply.status, "ingest answers with a redirect: set its own address"
                    )
                retry_after_s = reply.retry_after_s
            # Not for secrets: only to keep devices from coming back all at once.
            await asyncio.sleep(wait_s(attempt, retry_after_s, random.random()))  # noqa: S311
            attempt += 1

    async def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> _Reply:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        async with self._session.request(
            method,
            self._base_url + path,
            data=body or None,
            headers={**headers, "Authorization": self._authorization},
            # A redirect may lead from https to http, and the token with it.
            allow_redirects=False,
        ) as response:
            return _Reply(response.status, await response.read(), _retry_after(response.headers))


def _taken(body: bytes, start: int) -> PostResult:
    answer = _answer.decode(body)
    rejected = (msgspec.structs.replace(one, index=one.index + start) for one in answer.rejected)
    receipts = (answer.receipt,) if answer.receipt else ()
    return PostResult(answer.accepted, tuple(rejected), receipts=receipts)

"""The protocol of one connection as a state machine: texts and times in, actions out. No sockets.

    opened --auth--> welcomed --subscribe--> live         (auth again before the token ends)
       |                |                      |
       '------ error frame, then close <-------'          (codes: `Close`)

`at` is monotonic seconds, `now_s` epoch seconds of real time: tokens run on the latter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, Protocol, get_args

import msgspec

from contracts.tokens import Claims, TokenError
from dashboard_ws.gateway.live.conflate import Subscription
from dashboard_ws.gateway.live.region_map import Filter, MapPosition

AUTH_S: Final = 5.0
"""Seconds a client has for its first `auth`."""
RATE: Final = 30
RATE_S: Final = 10.0
"""At most `RATE` messages in `RATE_S` seconds."""

Topic = Literal["performance", "coverage", "reception", "clinic_coverage", "alerts", "freshness"]
TOPICS: Final[frozenset[str]] = frozenset(get_args(Topic))
LEVELS: Final = frozenset(("unit", "recipient", "kecamatan", "kabupaten"))


class Close(IntEnum):
    """Close codes. 4400 and 4403: do not come back; 4401: with a new token; else: later."""

    BAD = 4400
    AUTH = 4401
    FORBIDDEN = 4403
    SLOW = 4408
    RATE = 4429
    DEPLOY = 4503


class Closed(Exception):
    """The connection has to end: with which code and why. The detail is sent to the client."""

    def __init__(self, code: Close, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Welcome:
    """Send a welcome. `exp`: epoch seconds at which the token ends, None for never."""

    exp: int | None


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the client stands."""

    epoch: str
    seq: int


class _Auth(msgspec.Struct, tag_field="op", tag="auth"):
    token: str
    client: str | None = None


class _Subscribe(msgspec.Struct, tag_field="op", tag="subscribe"):
    region: str
    topics: list[str]
    levels: list[str] | None = None
    since: Since | None = None


_decoder = msgspec.json.Decoder(_Auth | _Subscribe)


def is_public(claims: Claims) -> bool:
    """Walls hang in public, and of a desk only the health office needs small counts; see `masking`."""
    return claims.kind != "operator" or claims.role != "health"


def check_region(claims: Claims, region: str, served: Collection[str]) -> None:
    """Raises `Closed`: 4403 if the token does not allow the region, 4400 if it is not here."""
    if claims.regions and region not in claims.regions:
        raise Closed(Close.FORBIDDEN, "the token does not allow this region")
    if region not in served:
        raise Closed(Close.BAD, f"the region is not served here; there are {', '.join(served)}")


def make_filter(topics: Collection[str], levels: Collection[str] | None, public: bool) -> Filter:
    """The filter that a client asks for. Raises `Closed` (4400) for words that do not exist."""
    for given, known, what in ((topics, TOPICS, "topic"), (levels or (), LEVELS, "level")):
        unknown = sorted(set(given) - known)
        if unknown:
            some = ", ".join(sorted(known))
            raise Closed(Close.BAD, f"a {what} is none that there is; there are {some}")
    if not topics:
        raise Closed(Close.BAD, f"topics is empty; there are {', '.join(sorted(TOPICS))}")
    return Filter(frozenset(topics), None if levels is None else frozenset(levels), public)


class TokenChecks(Protocol):
    """What a session asks of tokens. Both raise `TokenError`."""

    def verify(self, token: str) -> Claims:
        """The claims of a token."""

    def check(self, claims: Claims) -> Claims:
        """The same claims, if they have not been revoked since."""


class Session:
    """One connection. Every method raises `Closed` when it has to end."""

    def __init__(self, tokens: TokenChecks, served: Collection[str], at: float) -> None:
        self._tokens = tokens
        self._served = served
        self._deadline = at + AUTH_S
        self._times: deque[float] = deque(maxlen=RATE)
        self.claims: Claims | None = None
        self.client = ""
        self.subscription: Subscription | None = None

    def receive(self, text: str, at: float) -> Welcome | None:
        """Take a message: a `Welcome` to send, or None (a subscription is in `subscription`)."""
        if len(self._times) == RATE and at - self._times[0] < RATE_S:
            raise Closed(Close.RATE, f"more than {RATE} messages in {RATE_S:.0f} s: send less")
        self._times.append(at)
        try:
            message = _decoder.decode(text)
        except msgspec.DecodeError as fault:
            raise Closed(Close.BAD, f"no message of this protocol: {fault}") from None
        if isinstance(message, _Auth):
            return self._auth(message)
        self._subscribe(message)
        return None

    def _auth(self, message: _Auth) -> Welcome:
        try:
            claims = self._tokens.verify(message.token)
        except TokenError as fault:
            raise Closed(Close.AUTH, str(fault)) from None
        self.claims = claims
        self.client = (message.client or "")[:80]
        if self.subscription is not None:
            check_region(claims, self.subscription.region, self._served)
            self.subscription.see(is_public(claims))
        return Welcome(claims.exp)

    def _subscribe(self, message: _Subscribe) -> None:
        if self.claims is None:
            raise Closed(Close.AUTH, "the first message must be auth")
        check_region(self.claims, message.region, self._served)
        wanted = make_filter(message.topics, message.levels, is_public(self.claims))
        since = message.since
        reached = MapPosition(since.epoch, since.seq) if since else None
        self.subscription = Subscription(message.region, wanted, reached)

    def check(self, at: float, now_s: float) -> None:
        """Ask once a second or so: has the client missed its time to authenticate?"""
        if self.claims is None:
            if at >= self._deadline:
                raise Closed(Close.AUTH, f"no auth within {AUTH_S:.0f} s")
            return
        if self.claims.exp is not None and self.claims.exp <= now_s:
            raise Closed(Close.AUTH, "the token has ended: authenticate before it does")
        try:
            self._tokens.check(self.claims)
        except TokenError as fault:
            raise Closed(Close.AUTH, str(fault)) from None

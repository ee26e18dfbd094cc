"""What a browser keeps between two steps of a log-in, signed: any gateway can go on with what another has begun."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final, TypeVar

import msgspec

from contracts.signed_text import SignatureError, sign, unsigned
from contracts.tokens import Role

BEGUN_S: Final = 600
"""Who logs in has so long to do it at the provider."""
PASSED_S: Final = 60
"""The page trades its proof for a token within this time."""


class BegunLogIn(msgspec.Struct, frozen=True):
    """Somebody is at the provider. `exp`: epoch seconds, real time; `region`: which the desk is to show, empty for the first."""

    state: str
    exp: int
    region: str


class PassedLogIn(msgspec.Struct, frozen=True):
    """The provider has named the person; `jti`: unique."""

    user: str
    role: Role
    exp: int
    jti: str


_LogIn = TypeVar("_LogIn", BegunLogIn, PassedLogIn)
_PREFIXES: Final = {BegunLogIn: "o1", PassedLogIn: "o2"}


def seal(key: bytes, log_in: BegunLogIn | PassedLogIn) -> str:
    """The text that a cookie holds."""
    return sign(key, _PREFIXES[type(log_in)], msgspec.json.encode(log_in))


def opened(key: bytes, kind: type[_LogIn], text: str, now_s: float) -> _LogIn | None:
    """What `text` holds; None for what is no such text of this installation, or over."""
    try:
        log_in = msgspec.json.decode(unsigned(key, _PREFIXES[kind], text), type=kind)
    except (SignatureError, msgspec.DecodeError, ValueError):
        return None
    return log_in if log_in.exp > now_s else None


def new_state() -> str:
    """Nobody can guess it."""
    return secrets.token_urlsafe(32)


def nonce_of(key: bytes, state: str) -> str:
    """What the ID token must hold. It follows from the state, so that the browser need not keep it."""
    return _derived(key, "nonce", state)


def verifier_of(key: bytes, state: str) -> str:
    """PKCE's `code_verifier` (RFC 7636), which only this installation knows."""
    return _derived(key, "verifier", state)


def challenge_of(verifier: str) -> str:
    """PKCE's `code_challenge`, S256."""
    return _b64(hashlib.sha256(verifier.encode()).digest())


def _derived(key: bytes, what: str, state: str) -> str:
    return _b64(hmac.digest(key, f"oidc {what} {state}".encode(), "sha256"))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""What is asked of the provider: its addresses, a code's ID token, and the keys that the token is checked with."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus

import aiohttp
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from dashboard_ws.gateway.api.oidc.oidc_policy import OidcPolicy, is_safe

_TIMEOUT: Final = aiohttp.ClientTimeout(total=8.0)
_MOST_ANSWER: Final = 256 * 1024
_ADDRESSES_S: Final = 600.0
"""So long the provider's addresses are used before they are asked for again. Keys are asked for at each log-in."""
_SIGNED_BY: Final = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
]
"""Only what the provider alone can sign: no `none`, and no secret that others share."""

_HEADERS: Final = jws.JWSRegistry(algorithms=_SIGNED_BY, strict_check_header=False)
"""A header may have more fields than are known here (RFC 7515, 4)."""
_JSON: Final[Mapping[str, str]] = MappingProxyType({"Accept": "application/json"})
_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})

_Answer = TypeVar("_Answer")


class ProviderAwayError(Exception):
    """The provider does not answer, or not as OpenID Connect says. The message holds nothing of the answer."""


class RefusedTokenError(Exception):
    """The ID token does not prove who it is. The message never holds the token."""


class ProviderAddresses(msgspec.Struct, frozen=True):
    """Of its discovery document (OpenID Connect Discovery 1.0), what is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    """The access token is not read: nothing is asked with it."""

    id_token: str


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class OidcProvider:
    """One provider. It is asked for nothing before somebody logs in: the gateway runs without it."""

    def __init__(self, policy: OidcPolicy) -> None:
        self._policy = policy
        self._addresses: ProviderAddresses | None = None
        self._asked_s = 0.0

    async def addresses(self) -> ProviderAddresses:
        """Where it is. Raises `ProviderAwayError`."""
        now_s = time.monotonic()
        if self._addresses is None or now_s - self._asked_s > _ADDRESSES_S:
            url = f"{self._policy.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await _asked(url, ProviderAddresses)
            if found.issuer != self._policy.issuer:
                raise ProviderAwayError("its discovery names another issuer")
            wanted = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
            if not all(map(is_safe, (*wanted, found.end_session_endpoint or wanted[0]))):
                raise ProviderAwayError("its discovery names an address without https")
            self._addresses, self._asked_s = found, now_s
        return self._addresses

    async def claims(self, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """What the provider says of whoever it gave `code`. Raises `ProviderAwayError`, `RefusedTokenError`."""
        addresses = await self.addresses()
        token = (await self._exchanged(addresses, code, verifier)).id_token
        keys = await _asked(addresses.jwks_uri, _Keys)
        return self._checked(token, keys.keys, nonce)

    async def _exchanged(self, addresses: ProviderAddresses, code: str, verifier: str) -> _Tokens:
        policy, headers = self._policy, dict(_JSON)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": policy.back_url,
            "code_verifier": verifier,
        }
        if not policy.client_secret:
            form["client_id"] = policy.client_id
        elif "client_secret_basic" in addresses.token_endpoint_auth_methods_supported:
            headers["Authorization"] = _basic(policy)
        else:
            form |= {"client_id": policy.client_id, "client_secret": policy.client_secret}
        return await _asked(addresses.token_endpoint, _Tokens, form, headers)

    def _checked(self, token: str, keys: list[dict[str, Any]], nonce: str) -> Mapping[str, Any]:
        policy = self._policy
        rules = jwt.JWTClaimsRegistry(
            leeway=policy.leeway_s,
            iss={"essential": True, "value": policy.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": policy.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            found = jwt.decode(token, KeySet(list(_signing(keys))), registry=_HEADERS)
            rules.validate(found.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise RefusedTokenError(type(error).__name__) from None
        # A token that several may use says which of them asked for it.
        several = isinstance(found.claims["aud"], list) and len(found.claims["aud"]) > 1
        if found.claims.get("azp", None if several else policy.client_id) != policy.client_id:
            raise RefusedTokenError("it was given to another client")
        return found.claims


def _signing(keys: Iterable[dict[str, Any]]) -> Iterator[Key]:
    """Keys of kinds that are not known here are passed over (RFC 7517, 5)."""
    for one in keys:
        if one.get("kty") in _KEY_TYPES and one.get("use") != "enc":
            with suppress(JoseError, ValueError, KeyError, TypeError):
                yield import_key(one)


def _basic(policy: OidcPolicy) -> str:
    """RFC 6749, 2.3.1: both parts are form-encoded first."""
    return aiohttp.encode_basic_auth(quote_plus(policy.client_id), quote_plus(policy.client_secret))


async def _asked(
    url: str,
    kind: type[_Answer],
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] = _JSON,
) -> _Answer:
    """JSON of an address, by POST where there is a form. No redirect is followed: it may lead anywhere with the secret."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                "GET" if form is None else "POST",
                url,
                data=form,
                headers=headers,
                allow_redirects=False,
            ) as answer,
        ):
            status, body = answer.status, b""
            async for part in answer.content.iter_any():
                body += part
                if len(body) > _MOST_ANSWER:
                    raise ProviderAwayError("an answer that is too long")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ProviderAwayError(type(error).__name__) from None
    if 400 <= status < 500 and form is not None:
        raise RefusedTokenError(f"HTTP {status} for the code")
    if status != 200:
        raise ProviderAwayError(f"HTTP {status}")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise ProviderAwayError("an answer of another form") from None

"""A provider of OpenID Connect over real HTTP with a real RSA key, and a browser that logs in with it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from contracts.time.clock import real_now_ms

CLIENT: Final = "pantau-desk"
SECRET: Final = "s3cret/with+marks"
_KEYS: Final = [RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("k1", "k2")]
_OTHER_KEYS: Final = [
    {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
    {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "of-tomorrow"},
    {"kty": "RSA", "use": "enc", "kid": "broken"},
    {"kty": "RSA", "kid": "broken"},
]
Sign = Callable[[dict[str, Any]], str]


class SmallProvider:
    """`person`: claims of whoever logs in; `sign`: how an ID token is made of its claims, for a provider that goes wrong."""

    def __init__(self) -> None:
        self.key = _KEYS[0]
        self.person: dict[str, Any] = {
            "sub": "u-81",
            "preferred_username": "ratna",
            "groups": ["dinkes"],
        }
        self.sign: Sign = self.signed
        self.discovery: dict[str, Any] = {}
        self.last: dict[str, list[str]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Nobody is answered any more."""
        if self._server.fileno() < 0:
            return
        self._server.shutdown()
        self._server.server_close()

    def rotate(self) -> None:
        """A new key under a new name."""
        self.key = _KEYS[1]

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back to the redirect URI after a person has agreed there."""
        asked = {name: one for name, [one] in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def _answer(
        self, path: str, form: dict[str, list[str]], header: str
    ) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            names = ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "jwks_uri")
            found = {name: f"{self.issuer}/{name}?tenant=1" for name in names}
            return 200, {"issuer": self.issuer, **found, **self.discovery}
        if path == "/jwks_uri":
            return 200, {"keys": [*_OTHER_KEYS, self.key.as_dict(private=False)]}
        self.last = form
        asked = self._codes.pop(form["code"][0], None)
        basic = base64.b64encode(b"pantau-desk:s3cret%2Fwith%2Bmarks").decode()
        if asked is None or header != f"Basic {basic}" or not _fits(asked, form):
            return 400, {"error": "invalid_grant"}
        now = real_now_ms() // 1000
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.person,
        }  # fmt: skip
        return 200, {
            "access_token": "never-read",
            "token_type": "Bearer",
            "id_token": self.sign(claims),
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                form = parse_qs(self.rfile.read(size).decode())
                header = self.headers.get("Authorization", "")
                status, body = provider._answer(urlsplit(self.path).path, form, header)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler


def _fits(asked: dict[str, str], form: dict[str, list[str]]) -> bool:
    """RFC 7636, 4.6, and the redirect URI of the first request."""
    digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (challenge, form["redirect_uri"][0]) == (asked["code_challenge"], asked["redirect_uri"])

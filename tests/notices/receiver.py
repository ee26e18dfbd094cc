"""A webhook's receiver and a mail server on this machine, each in a thread of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.ports import pick_port

CERTIFICATE: Final = Path(__file__).with_name("localhost.pem")
"""Of localhost and 127.0.0.1, its key with it; for these tests alone."""


class Request:
    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed(self, key: bytes) -> bool:
        """As docs/notices.md tells receivers to check."""
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], f"v1,{wanted}")


class Receiver:
    """Answers with what `answers` holds, one a request, then with 200; an answer: (status, headers, body)."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.requests]


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one.requests.append(Request(self.path, headers, body))
            status, given, answer = one.answers.pop(0) if one.answers else (200, {}, b"")
            self.send_response(status)
            for name, value in given.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    one = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mailbox:
    """`refuse`: what the server answers to the next messages."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.refuse: list[str] = []
        self.port = pick_port()

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert session.authenticated and session.ssl
        if self.refuse:
            return self.refuse.pop(0)
        self.letters.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(user: str, password: str) -> Iterator[Mailbox]:
    """STARTTLS and a password are asked for."""

    def check(_server: Any, _session: Any, _envelope: Any, _way: str, data: Any) -> AuthResult:
        wanted = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=data == wanted)

    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server = Controller(
        box, hostname="127.0.0.1", port=box.port, tls_context=context, require_starttls=True,
        authenticator=check, auth_required=True,
    )  # fmt: skip
    server.start()
    try:
        yield box
    finally:
        server.stop()

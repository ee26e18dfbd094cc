"""A way to a server that ends where some bytes pass, and takes nobody for a second, as a process that is started again."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, create_connection, socket
from typing import Final
from urllib.parse import urlsplit

_AWAY_S: Final = 1.0


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, url: str, mark: bytes) -> None:
        place = urlsplit(url)
        self.server = (place.hostname or "", place.port or 0)
        self.mark = mark
        self.away_until = 0.0
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        if time.monotonic() < self.server.away_until:
            return
        client: socket = self.request
        with create_connection(self.server.server) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            seen = b""
            with suppress(OSError):
                while piece := client.recv(65_536):
                    seen = seen[-len(self.server.mark) :] + piece
                    if self.server.mark in seen:
                        self.server.away_until = time.monotonic() + _AWAY_S
                        break
                    server.sendall(piece)
            for one in (server, client):
                with suppress(OSError):
                    one.shutdown(SHUT_RDWR)
            back.join()


def _pump(source: socket, target: socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)


@contextmanager
def ending_at(url: str, mark: bytes) -> Iterator[str]:
    """A URL that leads to `url`, but not for a request with the bytes `mark`."""
    with _Proxy(url, mark) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()

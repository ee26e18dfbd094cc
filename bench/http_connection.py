"""One HTTP connection at hardly any cost of its own: what is measured is the service."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit


class LoadConnection:
    """Sends requests with a device's token, one at a time. `url`: of the service, without a path."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._head = f" HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def connect(self) -> None:
        """Opens the connection."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def get(self, path: str) -> bytes:
        """The body of a 200. Raises `RuntimeError` for any other answer."""
        return await self._request(f"GET {path}{self._head}\r\n".encode(), 200)

    async def post(self, path: str, body: bytes, media_type: str) -> bytes:
        """The body of a 202. Raises `RuntimeError` for any other answer."""
        head = f"POST {path}{self._head}Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        return await self._request(head.encode() + body, 202)

    async def _request(self, request: bytes, status: int) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        answer = await self._reader.readexactly(length)
        if not head.startswith(f"HTTP/1.1 {status}".encode()):
            raise RuntimeError(f"{head.splitlines()[0]!r} {answer[:300]!r}")
        return answer

    def close(self) -> None:
        """Closes the connection."""
        self._writer.close()

"""How much, and for how long, one HTTP service takes from its clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Limits of one service. The default fits one that is only asked for its health."""

    max_body_bytes: int = 64 * 1024
    """Greatest body of any route, as it comes over the wire. 413 beyond, before it is read."""
    max_head_bytes: int = 32 * 1024
    """Greatest request line with all headers, and greatest trailer. 431 beyond."""
    head_s: float = 10.0
    """A connection has so long from its first byte, or from its start, to the end of the headers;
    a websocket so long to its upgrade."""
    keep_alive_s: int = 30
    """A connection without a request is closed after so long."""
    body_s: float = 60.0
    """A body has so long to arrive in full. 503 beyond: the client keeps its copy."""
    linger_s: float = 30.0
    """A body that is still coming after the answer is read and dropped for so long, so that the
    client can read the answer."""
    write_s: float = 60.0
    """A client that takes nothing of an answer for so long loses its connection."""
    max_connections: int = 4096
    """Open connections of all clients."""
    max_per_address: int = 512
    """Open connections of one address; those in `proxies` are free of it."""
    proxies: frozenset[str] = frozenset()
    """Addresses of proxies in front: they limit their own clients."""
    websocket: bool = False
    """Whether an upgrade to a websocket is taken. All other upgrades are ignored."""

"""`python -m producers.ingest`: lines by HTTP, stamped, to Kafka."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from chassis import service
from chassis.http.http_policy import HttpPolicy
from chassis.http.serve import serve_app
from producers.ingest.ingest_app import create_app
from producers.ingest.receiver import Ingest
from producers.ingest.requests.body import BODY_S, GZIP_OVERHEAD, MAX_BODY_BYTES
from producers.ingest.requests.limits import DeviceLimits


def _work(of: service.Service) -> int:
    settings = of.settings
    failed = asyncio.Event()
    app = create_app(Ingest(settings, of.key, of.clock, DeviceLimits()), failed)
    policy = HttpPolicy(
        max_body_bytes=MAX_BODY_BYTES + GZIP_OVERHEAD,
        body_s=BODY_S,
        proxies=frozenset(settings.proxies),
    )
    serve_app(app, policy, settings.host, settings.ingest_port, of.name, settings.data_dir)
    return service.FAILED if failed.is_set() else 0


def main() -> NoReturn:
    """Serves until SIGTERM or SIGINT."""
    service.run("ingest", _work)


if __name__ == "__main__":
    main()

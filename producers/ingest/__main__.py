"""`python -m producers.ingest`: settings come from PANTAU_*; logs go to stderr."""

from __future__ import annotations

import asyncio
import sys

from chassis import logs
from chassis.clocks import load_clock, secret_key
from chassis.datadir import DataDirError, keep_private
from chassis.http.http_policy import HttpPolicy
from chassis.serve import serve_app
from chassis.settings import Settings
from producers.ingest.ingest_app import create_app
from producers.ingest.requests.body import BODY_S, GZIP_OVERHEAD, MAX_BODY_BYTES
from producers.ingest.service import Ingest


def main() -> int:
    """Serve until SIGTERM or SIGINT. 0 after a clean stop, 1 if it could not go on."""
    keep_private()
    settings = Settings()
    logs.configure("ingest", settings.log_level)
    try:
        ingest = Ingest(settings, secret_key(settings), load_clock(settings))
    except DataDirError as error:
        logs.get("producers.ingest").critical("cannot start", reason=str(error))
        return 1
    failed = asyncio.Event()
    app = create_app(ingest, failed)
    policy = HttpPolicy(
        max_body_bytes=MAX_BODY_BYTES + GZIP_OVERHEAD,
        body_s=BODY_S,
        proxies=frozenset(settings.proxies),
    )
    serve_app(app, policy, settings.host, settings.ingest_port, "ingest", settings.data_dir)
    return 1 if failed.is_set() else 0


if __name__ == "__main__":
    sys.exit(main())

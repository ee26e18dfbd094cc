"""`python -m dashboard_ws.gateway`: the gateway of one installation, settings from PANTAU_*."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final, NoReturn

from chassis import logs
from chassis.datadir import DataDirError, keep_private
from chassis.feeds import generation_feed
from chassis.http.http_policy import HttpPolicy
from chassis.kafka import TopicError, ensure_topics, wait_for_broker
from chassis.serve import serve_app
from chassis.settings import Settings
from contracts.results.topics import GENERATIONS, LIVE, REGISTRY, topic_of, topics
from dashboard_ws.gateway.gateway_app import SERVICE, Gateway

_BROKER_S: Final = 60.0


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def main() -> None:
    """Run until SIGTERM or SIGINT. Exits with one line if something that it needs is not there."""
    keep_private()
    settings = Settings()
    logs.configure(SERVICE, settings.log_level)
    # The server raises the signal again once it has stopped: that must end in an orderly exit.
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        wait_for_broker(settings.broker, _BROKER_S)
        shown = generation_feed.read_now(settings).shown
        wanted = topics(settings.partitions, settings.region_partitions, shown)
        names = (topic_of(LIVE, shown), REGISTRY, GENERATIONS)
        read = [topic for topic in wanted if topic.name in names]
        ensure_topics(settings.broker, read, settings.replication)
        gateway = Gateway(settings)
    except (DataDirError, TopicError, TimeoutError) as error:
        sys.exit(f"pantau: gateway: {error}")
    try:
        policy = HttpPolicy(websocket=True, proxies=frozenset(settings.proxies))
        serve_app(
            gateway.app(), policy, settings.host, settings.gateway_port, SERVICE, settings.data_dir
        )
    finally:
        if gateway.failed:
            sys.exit("pantau: gateway: it lost its stream; the log above says why")


if __name__ == "__main__":
    main()

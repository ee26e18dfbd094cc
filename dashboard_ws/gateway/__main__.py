"""`python -m dashboard_ws.gateway`: the wall's page and its stream."""

from __future__ import annotations

from typing import Final, NoReturn

from chassis import service
from chassis.feeds import generation_feed
from chassis.http.http_policy import HttpPolicy
from chassis.http.serve import serve_app
from chassis.kafka.admin import ensure_topics, wait_for_broker
from chassis.kafka.cluster import cluster_of
from contracts.results.topics import (
    COMMANDS,
    GENERATIONS,
    LIVE,
    REGISTRY,
    REVOCATIONS,
    topic_of,
    topics,
)
from dashboard_ws.gateway.gateway_app import SERVICE, Gateway

_BROKER_S: Final = 60.0


def _work(of: service.Service) -> int:
    settings = of.settings
    wait_for_broker(cluster_of(settings, "gateway"), _BROKER_S)
    shown = generation_feed.read_now(settings, "gateway").shown
    wanted = topics(settings.partitions, settings.region_partitions, shown)
    names = (topic_of(LIVE, shown), REGISTRY, GENERATIONS, REVOCATIONS, COMMANDS)
    read = [topic for topic in wanted if topic.name in names]
    ensure_topics(cluster_of(settings, "gateway"), read, settings.replication)
    gateway = Gateway(settings)
    policy = HttpPolicy(websocket=True, proxies=frozenset(settings.proxies))
    serve_app(
        gateway.app(), policy, settings.host, settings.gateway_port, of.name, settings.data_dir
    )
    return service.FAILED if gateway.failed else 0


def main() -> NoReturn:
    """Serves until SIGTERM or SIGINT."""
    service.run(SERVICE, _work)


if __name__ == "__main__":
    main()

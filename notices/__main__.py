"""`python -m notices`: people are written to of what the topic `alerts` says. Idle while no people.csv is there."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import Final, NoReturn

from chassis import health, logs, service
from chassis.feeds import generation_feed
from chassis.feeds.log_ends import LogEnds
from chassis.kafka.admin import ensure_topics, wait_for_broker
from chassis.kafka.cluster import cluster_of
from chassis.kafka.log import KafkaAccess
from chassis.regions.people_file import is_configured
from contracts.results.topics import ALERTS, topic_of, topics
from notices.notice_metrics import LAG
from notices.notice_service import NoticeService

SERVICE: Final = "notices"
_BROKER_S: Final = 60.0
_IDLE_S: Final = 10.0


def _work(of: service.Service) -> None:
    """Until a signal comes, or another generation is shown."""
    settings = of.settings
    with health.serve(of.health, settings.host, settings.health_port, settings.data_dir):
        asyncio.run(_serve(of))


async def _serve(of: service.Service) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        loop.call_soon_threadsafe(stop.set)

    of.on_stop(on_signal)
    if not await _somebody(of, stop):
        return
    settings = of.settings
    cluster = cluster_of(settings, "notices")
    await asyncio.to_thread(wait_for_broker, cluster, _BROKER_S)
    shown = (await generation_feed.read(cluster, of.key)).shown
    wanted = topics(settings.partitions, settings.region_partitions, shown)
    topic = topic_of(ALERTS, shown)
    read = [one for one in wanted if one.name == topic]
    await asyncio.to_thread(ensure_topics, cluster, read, settings.replication)
    notices = NoticeService(settings, of.clock, KafkaAccess(cluster), topic, of.health)
    ends = LogEnds(cluster, [(topic, at) for at in range(read[0].partitions)])
    of.health.check(notices.trouble)
    of.health.check(ends.trouble)
    for at in range(read[0].partitions):
        lag = partial(_lag, ends, notices, topic, at)
        LAG.labels(str(at)).set_function(lag)
    following = asyncio.create_task(_until_another(of, shown, stop))
    try:
        with ends.followed():
            await notices.run(stop)
    finally:
        following.cancel()


async def _somebody(of: service.Service, stop: asyncio.Event) -> bool:
    """Returns once somebody is to be written to; False if told to stop before."""
    settings = of.settings
    while not is_configured(settings.regions_dir, settings.regions):
        of.health.ready("nobody is configured: no region has a people.csv")
        try:
            await asyncio.wait_for(stop.wait(), _IDLE_S)
        except TimeoutError:
            continue
        return False
    of.health.not_ready("starting")
    return True


async def _until_another(of: service.Service, shown: int, stop: asyncio.Event) -> None:
    """Its supervisor starts it anew, on the generation that is shown then."""
    cluster = cluster_of(of.settings, "notices")
    async with aclosing(generation_feed.follow(cluster, of.key)) as changes:
        async for one in changes:
            if one.shown != shown:
                logs.get(SERVICE).info("another generation is shown", now=one.shown, was=shown)
                stop.set()
                return


def _lag(ends: LogEnds, notices: NoticeService, topic: str, partition: int) -> float:
    return ends.lag(topic, partition, notices.positions.get(partition, 0))


def main() -> NoReturn:
    """Runs until SIGTERM."""
    service.run(SERVICE, _work)


if __name__ == "__main__":
    main()

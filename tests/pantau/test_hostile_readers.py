"""Records that anyone may write, in every codec, on the real broker: audit, replay and the gateway's feed take the next one."""

from __future__ import annotations

import asyncio
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import KafkaProducer

from audit.kafka_lines import KafkaEventLog, Partition
from chassis.health import Health
from chassis.kafka.admin import ensure_topics
from chassis.kafka.blocking.committed_log import CommittedLog
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import Place
from chassis.kafka.log import KafkaAccess
from contracts.results.topics import (
    DEAD_LETTERS,
    EVENT_TOPICS,
    HEAD_KEY,
    LIVE,
    SPPG_EVENTS,
    TABLE_HEADER,
    topics,
)
from contracts.time.clock import RealClock
from dashboard_ws.gateway.connections.hub import Hub
from dashboard_ws.gateway.live.region_map import MapPosition
from dashboard_ws.gateway.stream.frame_age import FrameAge
from dashboard_ws.gateway.stream.live_feed import Feed
from pantau.replay.event_log import Log
from tests import hostile
from tests.hostile import HostileRecord, for_kafka_python

_KEY = b"k" * 32
_REGION = "32.11"
_CODECS = (None, "gzip", "snappy", "lz4", "zstd")
CODECS = pytest.mark.parametrize("codec", _CODECS)


@pytest.fixture(scope="module")
def cluster(kafka: str) -> Cluster:
    found = Cluster(kafka)
    ensure_topics(found, topics(1, 1), 1)
    return found


def send(cluster: Cluster, codec: str | None, topic: str, good: HostileRecord) -> tuple[int, int]:
    """Hostile records and a good one, in few batches; the offsets of the first and the good one."""
    # A compacted topic takes no record without a key.
    some = [
        one._replace(key=b"k" if topic == LIVE and one.key is None else one.key)
        for one in hostile.SOME
    ]
    producer = KafkaProducer(
        bootstrap_servers=cluster.address, compression_type=codec, linger_ms=50
    )
    with closing(producer):
        sent = [producer.send(topic, partition=0, **for_kafka_python(one)) for one in (*some, good)]
        offsets = [one.get(30).offset for one in sent]
    return offsets[0], offsets[-1]


@CODECS
def test_the_audit_reads_on(cluster: Cluster, codec: str | None) -> None:
    letter = HostileRecord(b"good", None, [(TABLE_HEADER, b"dead_letters")], 0)
    first, last = send(cluster, codec, SPPG_EVENTS, HostileRecord(b"good", None, [], 0))
    _, last_letter = send(cluster, codec, DEAD_LETTERS, letter)
    with closing(CommittedLog(cluster, "audit")) as committed:
        log = KafkaEventLog(committed, _KEY, RealClock())
        place = Partition(SPPG_EVENTS, 0)
        found = list(log.read(place, first, log.spans()[place][1]))
        letters = list(log.letters())
    # Nothing here is signed, so the audit leaves nothing out.
    assert [one.offset for one in found] == list(range(first, last + 1))
    assert [one.value for one in found[:-1]] == [one.value or b"" for one in hostile.SOME]
    assert (found[-1].value, letters[-1]) == (b"good", (last_letter, b"good"))


async def test_a_replay_sees_where_the_log_ends(cluster: Cluster) -> None:
    good = HostileRecord(b"good", None, [], 0)
    # It waits for a first record of each partition.
    for topic in EVENT_TOPICS:
        await asyncio.to_thread(send, cluster, None, topic, good)
    spans = [await asyncio.to_thread(send, cluster, one, SPPG_EVENTS, good) for one in _CODECS]
    settings: Any = SimpleNamespace(partitions=1, region_partitions=1)
    place, end = Place(SPPG_EVENTS, 0), spans[-1][1] + 1
    async with KafkaAccess(cluster).reader() as reader:
        log = Log(settings, 1, reader)
        begins = await log.begins()
        assert begins[place].offset == 0
        assert begins[place].time_ms > 0
        for offset in range(spans[0][0], end):
            record = await reader.first_from(place, offset, 10.0)
            assert record is not None
            assert record.offset == offset
        assert await log._is_behind(place, end - 1, end)
        assert not await log._is_behind(place, end, end)


@CODECS
async def test_the_gateway_shows_the_next_frame(cluster: Cluster, codec: str | None) -> None:
    epoch = str(codec)
    key = f"{_REGION}|{HEAD_KEY}".encode()
    head = HostileRecord(b'{"epoch":"%s","seq":5}' % epoch.encode(), key, [], 0)
    await asyncio.to_thread(send, cluster, codec, LIVE, head)
    hub, health = Hub([_REGION], RealClock()), Health("test")
    feed = Feed(KafkaAccess(cluster), 1, hub, health, FrameAge())
    work = asyncio.create_task(feed.run())
    async with asyncio.timeout(60):
        await feed.caught_up.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert hub.maps[_REGION].position == MapPosition(epoch, 5)
    assert health.is_ready

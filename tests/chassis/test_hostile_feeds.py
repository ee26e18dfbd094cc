"""Records on the topics that every service follows: whatever they hold, signed or not, a feed takes the next one."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.feeds import generation_feed
from chassis.feeds.registry_feed import RegistryFeed
from chassis.feeds.revocation_feed import RevocationFeed
from chassis.kafka.cluster import Cluster
from contracts.results.topics import (
    GENERATION_CHANGE,
    REGISTRY_CHANGE,
    REVOCATION,
    control_headers,
)
from pantau import registry_publish
from tests import hostile
from tests.hostile import DEEP, HostileRecord
from tests.registry_small import SMALL

KEY = b"k" * 32
NOWHERE = Cluster("localhost:1")


def consumed(record: HostileRecord, kind: str | None) -> ConsumerRecord[Any, Any]:
    """As aiokafka gives it; with our own signature, where a `kind` is given."""
    headers: Any = record.headers
    if kind is not None:
        headers = [*headers, *control_headers(KEY, kind, "t", 0, record.value or b"")]
    return ConsumerRecord(
        "t", 0, 7, record.time_ms, 1, record.key, record.value, None, 0, 0, tuple(headers)
    )


_kinds = st.none() | st.sampled_from([GENERATION_CHANGE, REGISTRY_CHANGE, REVOCATION])
_some = st.lists(st.tuples(hostile.records, _kinds), max_size=8)


@settings(max_examples=300)
@given(_some)
def test_each_feed_takes_the_next_record(found: list[tuple[HostileRecord, str | None]]) -> None:
    registry, revocations = RegistryFeed(NOWHERE, KEY), RevocationFeed(NOWHERE, KEY)
    published: dict[str, Any] = {}
    good = HostileRecord(SMALL.encode(), None, [], 0)
    for record, kind in [*found, (good, REGISTRY_CHANGE)]:
        one = consumed(record, kind)
        registry._apply(one)
        revocations._apply(one)
        generation_feed._generations(one, KEY)
        registry_publish._take(published, KEY, one)
    registry._publish()
    assert registry.registry is not None
    assert list(published) == list(registry.registry.codes) == [SMALL.region.code]


@pytest.mark.parametrize("value", [b"\xff", DEEP, b'{"shown":' + DEEP + b"}"])
def test_what_we_have_signed_and_nobody_can_read_is_left_out(value: bytes) -> None:
    """A fault of ours, or of a newer version: `msgspec.DecodeError` covers neither."""
    record = HostileRecord(value, None, [], 0)
    registry, revocations = RegistryFeed(NOWHERE, KEY), RevocationFeed(NOWHERE, KEY)
    assert registry._apply(consumed(record, REGISTRY_CHANGE)) is False
    assert generation_feed._generations(consumed(record, GENERATION_CHANGE), KEY) is None
    one = consumed(record, REVOCATION)
    revocations._apply(one)
    registry_publish._take({}, KEY, consumed(record, REGISTRY_CHANGE))

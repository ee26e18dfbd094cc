"""What we touch of Faust's and aiokafka's inside is there: a newer version that moves it fails here, by name.

The users are `streams.agents.transport`, `chassis.kafka.log` and `chassis.kafka.sending`.
"""

from __future__ import annotations

import inspect

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import Subscription, SubscriptionState
from faust.transport import consumer as base
from faust.transport.drivers import aiokafka as driver


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (driver.AIOKafkaConsumerThread, "_seek_wait"),
        (driver.AIOKafkaConsumerThread, "_fetch_records"),
        (driver.Consumer, "perform_seek"),
        (driver.Consumer, "seek_wait"),
        (driver.Consumer, "_wait_next_records"),
    ],
)
def test_what_we_await_or_replace_is_a_coroutine(owner: type, name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(owner, name))


def test_faust_makes_its_consumer_where_we_replace_it() -> None:
    create = inspect.signature(driver.AIOKafkaConsumerThread._create_worker_consumer)
    assert list(create.parameters) == ["self", "transport"]
    assert list(inspect.signature(driver.Consumer._new_consumer_thread).parameters) == ["self"]
    assert list(inspect.signature(driver.Consumer._to_message).parameters) == [
        "self",
        "tp",
        "record",
    ]
    assert driver.Transport.Consumer is driver.Consumer
    text = inspect.getsource(base.Consumer)
    assert "self._read_offset" in text and "flow_active" in text


async def test_a_consumer_takes_what_we_set_and_tells_one_assignment_from_the_next() -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    assert consumer._isolation_level == "read_uncommitted"
    assert consumer._fetch_max_wait_ms == 500
    assert "self._fetch_max_wait_ms," in inspect.getsource(Fetcher._get_actions_per_node)
    assert isinstance(consumer._subscription, SubscriptionState)
    assert consumer._subscription.subscription is None
    assert inspect.iscoroutinefunction(consumer._client.fetch_all_metadata)
    assert isinstance(inspect.getattr_static(Subscription, "assignment"), property)
    await consumer.stop()


async def test_a_producers_sender_can_be_closed_alone() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    assert inspect.iscoroutinefunction(producer._sender.close)
    await producer.stop()

"""The floor: read and decode, nothing else. What no contestant can go below on this topic.

`librdkafka` reads (the fastest client that Python has), `contracts.events.decode` decodes a record in one call.
"""

from __future__ import annotations

import signal

from confluent_kafka import (  # type: ignore[import-not-found]
    OFFSET_BEGINNING,
    Consumer,
    Producer,
    TopicPartition,
)

from bench.peers.job import Order, is_control
from contracts.events.decode import decode_lines


def main() -> None:
    """Reads the partition to the end that it has now, says how many lines those are, and waits to be ended."""
    order = Order.read()
    consumer = Consumer(
        {
            "bootstrap.servers": order.broker,
            "group.id": order.group,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    place = TopicPartition(order.topic, 0, OFFSET_BEGINNING)
    consumer.assign([place])
    _, end = consumer.get_watermark_offsets(TopicPartition(order.topic, 0), timeout=10)
    lines = 0
    offset = -1
    while offset < end - 1:
        for message in consumer.consume(order.batch, 1.0):
            offset = message.offset()
            if not is_control(message.headers()):
                lines += len(decode_lines(message.value()))
    producer = Producer({"bootstrap.servers": order.broker})
    producer.produce(order.out, str(lines).encode())
    producer.flush()
    signal.pause()


if __name__ == "__main__":
    main()

"""Many records at once, on a real broker: all arrive, in order, whatever their sizes."""

from __future__ import annotations

import uuid
from typing import Final

from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from streams.agents.sending import send_all
from streams.core.fold import Out

_BATCH: Final = 10_000
_SIZES: Final = (10, 9_000, 9_000, 25_000, 10, 0, 25_000, 25_000, 4_000, 5_000, 2_000)


async def test_records_of_a_partition_keep_their_order_over_full_batches(kafka: str) -> None:
    topic = f"sending.{uuid.uuid4().hex}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}})
    admin.close()
    records = [
        Out(topic, number % 2, None if size == 0 else b"v" * size, b"%d" % number, (("n", b"%d" % size),))
        for number, size in enumerate(_SIZES * 3)
    ]  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id=topic, max_batch_size=_BATCH
    )
    await producer.start()
    await producer.begin_transaction()
    await send_all(producer, records)
    await producer.commit_transaction()
    await producer.stop()
    for partition in (0, 1):
        sent = [one for one in records if one.partition == partition]
        assert _read(kafka, topic, partition, len(sent)) == sent


def _read(broker: str, topic: str, partition: int, count: int) -> list[Out]:
    consumer = KafkaConsumer(
        bootstrap_servers=broker, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(topic, partition)])
    found: list[Out] = []
    while len(found) < count:
        for records in consumer.poll(timeout_ms=2_000).values():
            found += [Out(topic, partition, one.value, one.key, tuple(one.headers)) for one in records]  # fmt: skip
    consumer.close()
    return found

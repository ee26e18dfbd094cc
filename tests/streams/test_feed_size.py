"""No record is larger than Kafka takes, even when a whole kabupaten's day begins at once."""

from __future__ import annotations

from pathlib import Path

from chassis.regions.region_folder import load_region
from contracts.results.topics import EVENT_TOPICS, MAX_RECORD_BYTES
from streams.core.region_feed import LastReceived, decode_batch, feed_records
from tests.streams.plant import Plant

SUMEDANG = Path(__file__).parents[2] / "regions" / "32.11"
MIDNIGHT = 1_795_539_600_000  # 2026-11-25T00:00+07:00
PARTITIONS = 2


def test_midnight_of_a_full_sumedang() -> None:
    """`Plant` refuses larger values; here the flush of midnight is many of them."""
    plant = Plant(PARTITIONS)
    plant.registries(MIDNIGHT - 60_000, [load_region(SUMEDANG)])
    plant.finish()
    yesterday = dict(plant.rows)
    plant.tick(MIDNIGHT)
    plant.finish()
    assert len(plant.rows) == 2 * len(yesterday)
    assert len(plant.rows) > 20_000
    largest = max(len(record.value) for record in plant.feed.records)
    assert largest <= MAX_RECORD_BYTES
    assert len(plant.feed.records) >= 2 * PARTITIONS * len(EVENT_TOPICS)


def test_a_large_flush_is_split_and_only_its_end_carries_the_time() -> None:
    items = [LastReceived("K" * 1_000, "sppg", number) for number in range(3_000)]
    values = list(feed_records("sppg.events/0", 7, 1_000, items))
    assert len(values) == 4
    assert all(len(value) <= MAX_RECORD_BYTES for value in values)
    batches = [decode_batch(value) for value in values]
    assert [batch.time_ms for batch in batches] == [0, 0, 0, 1_000]
    assert sum(len(batch.items) for batch in batches) == len(items)
    assert [decode_batch(v).items for v in feed_records("s", 7, 1, [])] == [[]]

"""How far what a receipt acknowledges has come: decided by positions alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.events.partition import partition_of
from contracts.receipts import Receipt, ReceiptState, RecordPlace
from contracts.results.reached import LANDED, ShownTo, area_stream
from contracts.results.topics import AREA_WINDOWS, REGION_FEED, UNIT_WINDOWS, VERDICTS
from contracts.time.windows import GRACE_MS
from producers.ingest.receipts.progress_feed import ReachedPositions

_CLICKHOUSE_STREAMS: Final = (LANDED, VERDICTS, UNIT_WINDOWS)
"""What ClickHouse must hold of an event's partition, besides the areas' rows: the lines, the verdicts, the units' rows."""


def state_of(
    receipt: Receipt,
    streams: ReachedPositions,
    sinks: ReachedPositions,
    shown: Iterable[ShownTo],
    region_partitions: int,
) -> ReceiptState:
    """What is known of everything that the receipt acknowledges. What no position proves is false, or 0.

    `region_partitions`: of the region stage's input.
    """
    area = partition_of(receipt.region, region_partitions)
    landed = all(
        sinks.position(LANDED, one.topic, one.partition) > one.offset for one in receipt.letters
    )
    return ReceiptState(
        stored=True,
        windows=_has_areas(receipt, streams, area),
        clickhouse=landed and _has_areas(receipt, sinks, area) and _has_units(receipt, sinks),
        walls=sum(one.walls for one in shown if _shows(receipt, one)) if receipt.events else 0,
    )


def _has_areas(receipt: Receipt, reached: ReachedPositions, area: int) -> bool:
    """The region stage has applied the events (and so has the unit stage), and its time has made their windows due."""
    if not receipt.events:
        return True
    stream = area_stream(area)
    return reached.time_ms(AREA_WINDOWS, REGION_FEED, area) >= receipt.due_ms and all(
        reached.position(stream, one.topic, one.partition) > one.offset for one in receipt.events
    )


def _has_units(receipt: Receipt, sinks: ReachedPositions) -> bool:
    return all(
        sinks.position(stream, one.topic, one.partition) > one.offset
        for one in receipt.events
        for stream in _CLICKHOUSE_STREAMS
    ) and all(
        sinks.time_ms(UNIT_WINDOWS, one.topic, one.partition) >= receipt.due_ms
        for one in receipt.events
    )


def _shows(receipt: Receipt, one: ShownTo) -> bool:
    # A map's rows are up to the time that its head vouches for, and those of the grace behind it.
    return one.as_of_ms + GRACE_MS >= receipt.due_ms and all(
        one.positions.get(_source(place), 0) > place.offset for place in receipt.events
    )


def _source(place: RecordPlace) -> str:
    return f"{place.topic}/{place.partition}"

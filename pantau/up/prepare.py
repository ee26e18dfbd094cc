"""What must be there before the services start: readable region folders, topics, tables."""

from __future__ import annotations

import asyncio

from chassis.clocks import secret_key
from chassis.feeds import generation_feed
from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import cluster_of
from chassis.regions.region_folder import load_regions
from chassis.settings import Settings
from contracts.registry.entities import RegionRegistry
from contracts.results.topics import topics
from storage import migrate
from storage.clickhouse_client import open_writer


def load_registries(settings: Settings) -> tuple[RegionRegistry, ...]:
    """The region folders. Raises `RegionError` with every fault in them."""
    return load_regions(settings.regions_dir, settings.regions)


async def make_schema(settings: Settings) -> None:
    """Topics and tables as this version wants them; what is there already stays.

    Raises `TopicError`, `MigrationError`, and what `open_writer` raises.
    """
    shown = (await generation_feed.read(cluster_of(settings, "admin"), secret_key(settings))).shown
    wanted = topics(settings.partitions, settings.region_partitions, shown)
    await asyncio.gather(
        asyncio.to_thread(
            ensure_topics, cluster_of(settings, "admin"), wanted, settings.replication
        ),
        asyncio.to_thread(lambda: migrate.run(open_writer(settings))),
    )

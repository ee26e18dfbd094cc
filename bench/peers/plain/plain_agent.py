"""Two Faust agents with tables: kitchens by their key, and areas by the region's, so that no area is counted in two places."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import faust

from bench.peers.plain.plain_settings import AREAS, EVENTS, ROWS, PlainSettings
from bench.peers.plain.plain_windows import WindowCounters, what_it_adds
from contracts.registry.entities import RegionRegistry


def plain_worker(settings: PlainSettings) -> faust.App:
    """The app."""
    registry = RegionRegistry.decode(settings.registry.read_bytes())
    region = registry.region.code
    kecamatan = {unit.unit_id: unit.kecamatan for unit in registry.units}
    app = faust.App(
        "plain",
        broker=f"kafka://{settings.broker}",
        store="memory://",
        datadir=str(settings.home / "faust"),
        web_enabled=False,
        topic_partitions=2,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
    )
    events = app.topic(EVENTS, key_type=str, value_serializer="json")
    areas = app.topic(AREAS, key_type=str, value_serializer="json")
    rows = app.topic(ROWS, key_type=str, value_serializer="json")
    zone = ZoneInfo(registry.region.timezone)
    seen = app.Table("seen", partitions=2)
    kitchens = WindowCounters(
        app.Table("panes", partitions=2), app.Table("days", partitions=2), zone
    )
    # One region, one partition.
    sums = WindowCounters(
        app.Table("area_panes", partitions=1), app.Table("area_days", partitions=1), zone
    )

    async def by_kitchen(stream: Any) -> None:
        async for event in stream:
            if event["id"] in seen:
                continue
            seen[event["id"]] = True
            unit, adds = event["source"].rpartition("/")[2], what_it_adds(event)
            kitchens.add(f"unit|{unit}", datetime.fromisoformat(event["time"]), adds)
            place = {"kecamatan": kecamatan[unit], "time": event["time"], "adds": adds}
            await areas.send(key=region, value=place)

    async def by_area(stream: Any) -> None:
        async for one in stream:
            time = datetime.fromisoformat(one["time"])
            sums.add(f"kecamatan|{one['kecamatan']}", time, one["adds"])
            sums.add(f"kabupaten|{region}", time, one["adds"])

    async def send_rows() -> None:
        for row in (*kitchens.rows(), *sums.rows()):
            key = f"{row['level']}|{row['area_id']}|{row['window']}"
            await rows.send(key=key, value=row)

    app.agent(events, name="by_kitchen")(by_kitchen)
    app.agent(areas, name="by_area")(by_area)
    app.timer(settings.row_s)(send_rows)
    return app


if __name__ == "__main__":
    worker = plain_worker(PlainSettings())  # from the environment
    faust.Worker(worker, quiet=True, loglevel="warning").execute_from_commandline()

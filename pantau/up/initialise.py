"""`pantau init`: topics, tables and registry of an installation whose parts are started by something else."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from typing import Final

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from chassis.clocks import secret_key
from chassis.datadir import DataDir, write_file
from chassis.kafka.admin import wait_for_broker
from chassis.kafka.cluster import cluster_of
from chassis.kafka.rights import grant_ours
from chassis.operator_error import OperatorError
from chassis.regions.people_file import load_people
from chassis.settings import Settings
from contracts.registry.entities import RegionRegistry
from contracts.time.clock import RealClock
from pantau import installation
from pantau.dev_tokens import device_token, sources_of
from pantau.registry_publish import publish
from pantau.up import preflight
from pantau.up.prepare import load_registries, make_schema
from storage.clickhouse_client import open_writer

_RETRY_S: Final = 1.0


def wait_for_clickhouse(settings: Settings, wait_s: float) -> None:
    """Return when the writer's account gets an answer. Raises `OperatorError` after `wait_s` seconds, at once if it is turned away."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            open_writer(settings).close()
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise OperatorError(
                    f"no ClickHouse at {settings.clickhouse_url} after {wait_s:.0f} s: "
                    "is it running, and is PANTAU_CLICKHOUSE_URL right?"
                ) from error
            time.sleep(_RETRY_S)
        except ClickHouseError as error:
            raise OperatorError(
                f"ClickHouse at {settings.clickhouse_url} turns {settings.clickhouse_user!r} away: "
                "see PANTAU_CLICKHOUSE_USER and PANTAU_CLICKHOUSE_PASSWORD, and that server's accounts"
            ) from error
        else:
            return


def _write_device_tokens(home: DataDir, key: bytes, registries: Iterable[RegionRegistry]) -> None:
    """For the simulator, which plays every device."""
    content = {"devices": {one: device_token(key, one) for one in sorted(sources_of(registries))}}
    write_file(home.tokens_file, msgspec.json.encode(content) + b"\n")


def initialise(settings: Settings, mode: installation.Mode, wait_s: float) -> None:
    """Prepare Kafka and ClickHouse for the services. May be run again at any time.

    Raises `OperatorError` for what is not right, `DataDirError` for a missing key.
    """
    registries = load_registries(settings)
    load_people(settings.regions_dir, settings.regions)
    key = secret_key(settings)
    home = DataDir(settings.data_dir)
    if warning := preflight.data_dir(home.path):
        sys.stderr.write(f"{warning}\n")
    # First of all, and for good: an installation never changes from real to simulated.
    installation.stamp(home, installation.InstallationStamp(mode, settings.clock))
    try:
        wait_for_broker(cluster_of(settings, "admin"), wait_s)
        grant_ours(settings)
        wait_for_clickhouse(settings, wait_s)
        asyncio.run(make_schema(settings))
        changed = publish(cluster_of(settings, "admin"), key, RealClock(), registries)
    except TimeoutError as error:
        raise OperatorError(str(error)) from None
    if mode == "simulated":
        _write_device_tokens(home, key, registries)
    codes = ", ".join(changed) or "tidak ada"
    sys.stderr.write(f"topik dan tabel siap; registri yang diterbitkan: {codes}\n")

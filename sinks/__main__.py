"""`python -m sinks`: Kafka into ClickHouse.

Two threads: one lands event lines, one inserts table lines and the registry.
"""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial

from chassis import clocks, health, kafka, logs
from chassis.datadir import DataDirError
from contracts.clock import Clock
from contracts.settings import Settings
from contracts.topics import EVENT_TOPICS, REGISTRY, TABLE_TOPICS, topics
from sinks import tables
from sinks.clickhouse.client import open_writer
from sinks.landing import EventLines
from sinks.metrics import Readiness
from sinks.reader import Land, Reader, open_consumer
from sinks.registry import RegistryRows
from sinks.writer import Writer

_EVENTS = "events"
_TABLES = "tables"
_BROKER_WAIT_S = 60.0


def _lands(settings: Settings, clock: Clock) -> dict[str, dict[str, Land]]:
    """What each reader does with the records of each of its topics."""
    events = EventLines(clock)
    registry = RegistryRows(clocks.secret_key(settings), clock)
    return {
        _EVENTS: dict.fromkeys(EVENT_TOPICS, events.land),
        _TABLES: {**dict.fromkeys(TABLE_TOPICS, tables.land), REGISTRY: registry.land},
    }


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set.

    Raises whatever ends one of the threads: the supervisor starts the process again.
    """
    clock = clocks.load_clock(settings)
    lands = _lands(settings, clock)
    state = health.Health("sinks")
    readiness = Readiness(state, tuple(lands))
    with health.serve(state, settings.host, settings.health_port, settings.data_dir):
        kafka.wait_for_broker(settings.broker, _BROKER_WAIT_S)
        wanted = topics(settings.partitions, settings.region_partitions)
        kafka.ensure_topics(settings.broker, wanted, settings.replication)
        readers = [
            Reader(
                name,
                open_consumer(
                    settings.broker, [topic for topic in wanted if topic.name in land], name
                ),
                land,
                Writer(partial(open_writer, settings), clock),
                readiness,
                stop,
            )
            for name, land in lands.items()
        ]
        with ThreadPoolExecutor(len(readers), "sinks") as pool:
            futures = [pool.submit(reader.run) for reader in readers]
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            stop.set()
            for future in done:
                future.result()
            for future in futures:
                future.result()


def main() -> None:
    """Entry point. Settings: `PANTAU_*`. Exits 0 after SIGTERM or SIGINT, else 1."""
    settings = Settings()
    logs.configure("sinks", settings.log_level)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _signal, _frame: stop.set())
    try:
        run(settings, stop)
    except (DataDirError, TimeoutError, kafka.TopicError) as error:
        logs.get("sinks").critical("cannot start", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()

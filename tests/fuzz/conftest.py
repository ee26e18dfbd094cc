"""Services for the fuzzers, on a broker of their own; how long the fuzzers run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from engines.kafka.broker import KafkaBroker
from tests.dashboard_ws.conftest import GatewayProcess
from tests.ports import pick_port
from tests.producers.installation import ingest, prepare, publish
from tests.registry_small import OTHER, SMALL

Report = Callable[[str], None]


class Served(NamedTuple):
    """A service under attack."""

    name: str
    url: str
    pid: int

    def resident_bytes(self) -> int:
        """Memory that the process has now."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="session")
def fuzz_seconds(pytestconfig: pytest.Config) -> float:
    """Of one fuzzer: `pytest tests/fuzz --fuzz-seconds 600` looks longer."""
    return float(pytestconfig.getoption("--fuzz-seconds"))


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Report:
    """Says on the terminal what a fuzzer has tried."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return say


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Ingest and the gateway, ready."""
    folder = tmp_path_factory.mktemp("fuzz")
    broker = KafkaBroker(folder / "kafka", pick_port())
    with broker.running():
        prepare(broker.address)
        publish(broker.address, SMALL, OTHER)
        gateway = GatewayProcess(broker.address, folder / "gateway")
        with (
            ingest(broker.address, folder / "ingest") as running,
            gateway.running() as process,
        ):
            running.wait_ready()
            yield {
                "ingest": Served("ingest", running.url, running.process.pid),
                "gateway": Served("gateway", gateway.url, process.pid),
            }

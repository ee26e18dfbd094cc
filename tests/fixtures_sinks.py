"""For the tests of the sink: a broker with the contract's topics, and patience."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from chassis.kafka import ensure_topics
from contracts.results.topics import topics
from engines.kafka.broker import KafkaBroker, pick_port


def wait_until(condition: Callable[[], bool], timeout_s: float = 90) -> None:
    """Return when `condition` holds; fail after `timeout_s`."""
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.1)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker with the contract's topics, two partitions each."""
    node = KafkaBroker(tmp_path_factory.mktemp("sinks_kafka"), pick_port())
    with node.running():
        ensure_topics(node.address, topics(2, 1), 1)
        yield node.address


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """`folder` as a file system of `size` (as tmpfs says it: `32m`); skips the test where it may not be made."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(
            "only root may mount a small disk; the same test with limits of files and settings ran"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

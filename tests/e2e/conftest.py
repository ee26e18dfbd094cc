"""One installation for all tests of this folder: each start costs tens of seconds of a processor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.day import Day, post_day
from tests.e2e.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            for mark in (
                pytest.mark.e2e,
                pytest.mark.real,
                pytest.mark.slow,
                pytest.mark.timeout(900),
            ):
                item.add_marker(mark)


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`pantau up --dev-tokens` on an empty data dir: real clock, no simulator."""
    one = Installation(tmp_path_factory.mktemp("e2e") / "data", "--dev-tokens")
    try:
        one.start()
        yield one
        assert one.stop() == "", "stdout carries the ready line only"
    finally:
        one.kill()


@pytest.fixture(scope="package")
def day(installation: Installation) -> Day:
    """Three kitchens have posted their day."""
    return post_day(installation)

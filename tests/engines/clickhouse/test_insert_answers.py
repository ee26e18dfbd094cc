"""The embedded server answers "written" only for rows that are stored: each way to insert, each fault of a write."""

from __future__ import annotations

import gzip
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded
from tests.fixtures_sinks import small_disk

DATABASE: Final = "answers"
TABLE: Final = f"{DATABASE}.t"
ROWS: Final = 20

FAULTS: Final = {
    "constraint": ("(a UInt32, CONSTRAINT c CHECK a < 10) ENGINE = MergeTree ORDER BY a", 469),
    "column that throws": (
        "(a UInt32, b UInt8 MATERIALIZED throwIf(a = 15)) ENGINE = MergeTree ORDER BY a",
        395,
    ),
    "partitions": ("(a UInt32) ENGINE = MergeTree ORDER BY a PARTITION BY a", 252),
    "no space": (
        "(a UInt32) ENGINE = MergeTree ORDER BY a "
        f"SETTINGS min_free_disk_bytes_to_perform_insert = {10**18}",
        243,
    ),
}
"""Definition of a table that cannot take the rows, and ClickHouse's code for that."""

LINES: Final = b"\n".join(b'{"a": %d}' % n for n in range(ROWS))


def by_body(server: EmbeddedClickHouse) -> int:
    answer = server.post(f"INSERT INTO {TABLE} FORMAT JSONEachRow\n".encode() + LINES, **LIMIT)
    return int(answer.headers.get("X-ClickHouse-Exception-Code", 0))


def by_query(server: EmbeddedClickHouse, **settings: str) -> int:
    statement = f"INSERT INTO {TABLE} (a) FORMAT JSONEachRow"
    answer = server.post(LINES, query=statement, **LIMIT, **settings)
    return int(answer.headers.get("X-ClickHouse-Exception-Code", 0))


def by_settings(server: EmbeddedClickHouse) -> int:
    clause = ", ".join(f"{name} = {value}" for name, value in LIMIT.items())
    statement = f"INSERT INTO {TABLE} (a)\nSETTINGS {clause}\nFORMAT JSONEachRow"
    answer = server.post(LINES, query=statement)
    return int(answer.headers.get("X-ClickHouse-Exception-Code", 0))


def unwaited(server: EmbeddedClickHouse) -> int:
    return by_query(server, async_insert="1", wait_for_async_insert="0")


def by_gzip(server: EmbeddedClickHouse) -> int:
    answer = server.http.post(
        server.url,
        params={"query": f"INSERT INTO {TABLE} FORMAT JSONEachRow", **LIMIT},
        content=gzip.compress(LINES),
        headers={"Content-Encoding": "gzip"},
        auth=("writer", server.passwords["writer"]),
    )
    return int(answer.headers.get("X-ClickHouse-Exception-Code", 0))


def by_values(server: EmbeddedClickHouse) -> int:
    values = ", ".join(f"({n})" for n in range(ROWS))
    answer = server.post(f"INSERT INTO {TABLE} VALUES {values}", **LIMIT)
    return int(answer.headers.get("X-ClickHouse-Exception-Code", 0))


def by_driver(server: EmbeddedClickHouse) -> int:
    """The format Native, whose blocks are binary."""
    client = server.client()
    try:
        client.insert(TABLE, [[n] for n in range(ROWS)], column_names=["a"], settings=dict(LIMIT))
    except DatabaseError as error:
        return int(error.code or 0)
    finally:
        client.close()
    return 0


LIMIT: Final = {"max_partitions_per_insert_block": "2"}
WAYS: Final[list[Callable[[EmbeddedClickHouse], int]]] = [
    by_body,
    by_query,
    by_settings,
    unwaited,
    by_gzip,
    by_values,
    by_driver,
]


@pytest.fixture(scope="module")
def server(clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    assert clickhouse.post(f"CREATE DATABASE {DATABASE} ENGINE = Atomic").status_code == 200
    return clickhouse


def stored(server: EmbeddedClickHouse) -> int:
    return int(server.post(f"SELECT count() FROM {TABLE}").text)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_fails_is_an_error(
    server: EmbeddedClickHouse, fault: str, way: Callable[[EmbeddedClickHouse], int]
) -> None:
    definition, code = FAULTS[fault]
    server.post(f"CREATE OR REPLACE TABLE {TABLE} {definition}")
    assert way(server) == code
    assert stored(server) == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_answered_is_stored(
    server: EmbeddedClickHouse, way: Callable[[EmbeddedClickHouse], int]
) -> None:
    server.post(f"CREATE OR REPLACE TABLE {TABLE} (a UInt32) ENGINE = MergeTree ORDER BY a")
    assert way(server) == 0
    assert stored(server) == ROWS


def test_a_view_behind_the_table_that_fails_is_an_error(server: EmbeddedClickHouse) -> None:
    server.post(f"CREATE OR REPLACE TABLE {TABLE} (a UInt32) ENGINE = MergeTree ORDER BY a")
    server.post(
        f"CREATE MATERIALIZED VIEW {DATABASE}.v ENGINE = MergeTree ORDER BY x "
        f"AS SELECT throwIf(a = 15) AS x FROM {TABLE}"
    )
    assert by_query(server) == 395
    server.post(f"DROP TABLE {DATABASE}.v")


BIG: Final = (
    "(a UInt32, b String MATERIALIZED randomString(20000, a)) ENGINE = MergeTree ORDER BY a"
)
"""A row of a few bytes that takes 20 kB of disk."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server of the test's own with a table in it."""
    server = embedded(tmp_path / "data")
    server.start()
    server.post(f"CREATE DATABASE {DATABASE} ENGINE = Atomic")
    server.post(f"CREATE TABLE {TABLE} {BIG}")
    yield server
    server.stop()


@contextmanager
def files_that_may_not_grow(server: EmbeddedClickHouse) -> Iterator[None]:
    """A write beyond 100 kB fails under way, as on a disk that fills meanwhile; it takes no rights."""
    assert server.process is not None
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield


@pytest.mark.parametrize("way", [by_query, by_values], ids=lambda way: way.__name__)
def test_a_write_that_fails_under_way(
    own: EmbeddedClickHouse, way: Callable[[EmbeddedClickHouse], int]
) -> None:
    """The engine answers "written" even so, and then cannot read its table: it is opened anew."""
    assert way(own) == 0
    with files_that_may_not_grow(own):
        assert way(own) == 75
        assert own.process is not None
        assert own.process.wait(60) == 0
    own.start()
    assert int(own.post(f"SELECT sum(cityHash64(b)) > 0 FROM {TABLE}").text) == 1
    assert stored(own) == ROWS
    assert way(own) == 0
    assert stored(own) == 2 * ROWS


def test_a_merge_that_fails_under_way(own: EmbeddedClickHouse) -> None:
    for _ in range(3):
        assert by_query(own) == 0
    with files_that_may_not_grow(own):
        answer = own.post(f"OPTIMIZE TABLE {TABLE} FINAL")
        assert answer.headers["X-ClickHouse-Exception-Code"] == "75"
        assert own.process is not None
        assert own.process.wait(60) == 0
    own.start()
    assert int(own.post(f"SELECT sum(cityHash64(b)) > 0 FROM {TABLE}").text) == 1
    assert stored(own) == 3 * ROWS


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server whose disk of 32 MB is a file system of its own."""
    with small_disk(tmp_path / "disk", "32m") as disk:
        server = embedded(disk / "data")
        server.start()
        yield server
        server.stop()


def test_a_full_disk(cramped: EmbeddedClickHouse) -> None:
    cramped.post(f"CREATE DATABASE {DATABASE} ENGINE = Atomic")
    cramped.post(f"CREATE TABLE {TABLE} {BIG}")
    answered = 0
    while not (code := by_query(cramped)):
        answered += ROWS
    assert code == 243
    assert stored(cramped) == answered
    many = json.dumps({"a": 1}).encode() + b"\n"
    answer = cramped.post(many * 800, query=f"INSERT INTO {TABLE} FORMAT JSONEachRow")
    assert answer.status_code == 500
    assert stored(cramped) == answered

"""The drivers that people use, unmodified, against the embedded server as an analyst."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import clickhouse_connect
import pytest
import sqlalchemy as sa

from engines.kafka.jars import verify
from tests.fixtures_clickhouse import EmbeddedClickHouse

pytestmark = pytest.mark.real

_HERE: Final = Path(__file__).parent
_CACHE: Final = _HERE.parents[1] / ".cache" / "clients"
"""What package managers bring for these tests; each has locked files here."""


@pytest.fixture(scope="module")
def server(clickhouse: EmbeddedClickHouse) -> Iterator[EmbeddedClickHouse]:
    """With a view that clients read."""
    for statement in (
        "CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic",
        "CREATE VIEW pantau.seen_by_clients (n UInt64 COMMENT 'a number', label String) AS "
        "SELECT number AS n, concat('line ', toString(number)) AS label FROM numbers(10)",
    ):
        assert clickhouse.post(statement).status_code == 200
    yield clickhouse
    clickhouse.post("DROP VIEW pantau.seen_by_clients")


def run(server: EmbeddedClickHouse, command: Sequence[str | Path], folder: Path = _HERE) -> None:
    """Run `command` with the analyst's password in its environment."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"CLICKHOUSE_PASSWORD": server.passwords["analyst"]},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_clickhouse_connect(server: EmbeddedClickHouse) -> None:
    for compress in (False, True, "lz4", "zstd"):
        client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=int(server.url.rpartition(":")[2]),
            username="analyst",
            password=server.passwords["analyst"],
            compress=compress,
            settings={"max_execution_time": 30, "max_threads": 1},
        )
        found = client.query(
            "SELECT label FROM seen_by_clients WHERE n = {n:UInt64}",
            parameters={"n": 7},
            settings={"max_result_rows": 10, "max_block_size": 1000},
        )
        assert found.result_rows == [("line 7",)]
        client.close()


def test_sqlalchemy(server: EmbeddedClickHouse) -> None:
    port = int(server.url.rpartition(":")[2])
    url = sa.URL.create(
        "clickhousedb", "analyst", server.passwords["analyst"], "127.0.0.1", port, "pantau"
    )
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    assert inspector.get_schema_names() == ["pantau"]
    assert "seen_by_clients" in inspector.get_table_names("pantau") + inspector.get_view_names(
        "pantau"
    )
    columns = inspector.get_columns("seen_by_clients", "pantau")
    assert [column["name"] for column in columns] == ["n", "label"]
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT label FROM seen_by_clients WHERE n = :n"), {"n": 7}
        )
        assert found.scalar_one() == "line 7"
        # What Superset asks when a data set is made, and for its list of functions.
        for sql in (
            "DESCRIBE (SELECT * FROM seen_by_clients LIMIT 1)",
            "SELECT name FROM system.functions UNION ALL SELECT name FROM system.table_functions",
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'pantau'",
        ):
            assert connection.execute(sa.text(sql)).fetchall()
    engine.dispose()


def test_client_of_node(server: EmbeddedClickHouse) -> None:
    folder = _CACHE / "node"
    shutil.copytree(_HERE / "node", folder, dirs_exist_ok=True)
    run(server, ["npm", "ci", "--no-audit", "--no-fund"], folder)
    run(server, ["node", "ask.mjs", server.url], folder)


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not on this machine")
def test_clickhouse_go(server: EmbeddedClickHouse) -> None:
    address = server.url.removeprefix("http://")
    run(server, ["go", "run", ".", address], _HERE / "go")


def test_clickhouse_jdbc(server: EmbeddedClickHouse) -> None:
    home = _CACHE / "java"
    jgo = Path(sys.executable).parent / "jgo"
    run(
        server,
        [jgo, "--quiet", "--resolver", "python", "--links", "copy", "--cache-dir", home, "sync"],
        _HERE / "java",
    )
    assert verify(_HERE / "java" / "jgo.lock.toml", home)
    jars = _CACHE / "jars"
    jars.mkdir(exist_ok=True)
    for path in (*home.glob("jars/*.jar"), *home.glob("modules/*.jar")):
        shutil.copy(path, jars)
    run(server, [sys.executable, "ask_jdbc.py", jars, server.url], _HERE / "java")

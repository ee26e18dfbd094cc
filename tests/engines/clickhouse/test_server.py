"""The embedded server as its users meet it: a process, clickhouse-connect, plain HTTP."""

from __future__ import annotations

import gzip
import json
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from engines.clickhouse.accounts import FILE
from storage import migrate
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded

TABLE = "served.t"


@pytest.fixture(scope="module")
def server(clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    """The session's server with a database of this module's own."""
    assert clickhouse.post("CREATE DATABASE served ENGINE = Atomic").status_code == 200
    return clickhouse


@pytest.fixture
def table(server: EmbeddedClickHouse) -> str:
    """An empty table that remembers its inserts' tokens."""
    sql = (
        f"CREATE OR REPLACE TABLE {TABLE} (a UInt64, b String, t DateTime64(3, 'UTC'))"
        " ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    assert server.post(sql).status_code == 200
    return TABLE


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server of the test's own, to be killed."""
    server = embedded(tmp_path / "data")
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.stop()


def lines(first: int, count: int) -> bytes:
    row = '{{"a": {}, "b": "x", "t": "2026-11-24T00:00:00.123Z"}}'
    return ("\n".join(row.format(n) for n in range(first, first + count)) + "\n").encode()


def test_curl_asks(server: EmbeddedClickHouse) -> None:
    auth = ("writer", server.passwords["writer"])
    answer = httpx.get(server.url, params={"query": "SELECT 1, 'x'"}, auth=auth)
    assert answer.text == "1\tx\n"
    assert answer.headers["X-ClickHouse-Format"] == "TabSeparated"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Query-Id"]
    assert server.post("SELECT 1 AS a FORMAT JSONEachRow").text == '{"a":1}\n'
    assert server.post("SELECT 1 AS a", default_format="CSVWithNames").text == '"a"\n1\n'
    assert server.post("FORMAT CSV", query="SELECT 1").text == "1\n"


def test_accounts(server: EmbeddedClickHouse) -> None:
    password = server.passwords["writer"]
    headers = {"X-ClickHouse-User": "writer", "X-ClickHouse-Key": password}
    assert httpx.post(server.url, content="SELECT 1", headers=headers).text == "1\n"
    params = {"user": "writer", "password": password, "query": "SELECT 2"}
    assert httpx.get(server.url, params=params).text == "2\n"
    for auth, status, code in (
        (None, 401, "194"),
        (("writer", "wrong"), 403, "516"),
        (("nobody", ""), 403, "516"),
        (("default", ""), 403, "516"),
    ):
        answer = httpx.post(server.url, content="SELECT 1", auth=auth)
        assert answer.status_code == status
        assert answer.headers["X-ClickHouse-Exception-Code"] == code
    stored = server.home.clickhouse / FILE
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert password not in stored.read_text()


def test_tools_see_that_it_lives(server: EmbeddedClickHouse) -> None:
    assert httpx.get(f"{server.url}/ping").text == "Ok.\n"
    assert httpx.get(server.url).text == "Ok.\n"
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert httpx.get(f"{server.url}/readyz").json()["ready"] is True
    server.post("SELECT 1")
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'pantau_clickhouse_requests_total{account="writer",code="0"}' in metrics


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELEC 1", 400, "62", "SYNTAX_ERROR"),
        ("SELECT * FROM served.none", 404, "60", "UNKNOWN_TABLE"),
        ("SELECT * FROM none.t", 404, "81", "UNKNOWN_DATABASE"),
        ("SELECT none", 404, "47", "UNKNOWN_IDENTIFIER"),
        ("SELECT throwIf(1)", 500, "395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT 1 FORMAT None", 400, "73", "UNKNOWN_FORMAT"),
    ],
)
def test_errors_are_those_of_clickhouse(
    server: EmbeddedClickHouse, sql: str, status: int, code: str, name: str
) -> None:
    answer = server.post(sql)
    assert answer.status_code == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in answer.text


def test_what_is_not_supported_is_said(server: EmbeddedClickHouse) -> None:
    assert server.post("SELECT 1", default_format="ArrowTable").status_code == 400


def test_a_get_changes_nothing(server: EmbeddedClickHouse, table: str) -> None:
    auth = ("writer", server.passwords["writer"])
    for sql in (f"DROP TABLE {table}", f"INSERT INTO {table} (a) VALUES (1)"):
        answer = httpx.get(server.url, params={"query": sql}, auth=auth)
        assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert server.post(f"SELECT count() FROM {table}").text == "0\n"


def test_settings_hold_for_one_statement(server: EmbeddedClickHouse) -> None:
    assert server.post("SELECT getSetting('max_threads')", max_threads="1").text == "1\n"
    assert server.post("SELECT getSetting('max_threads')").text == "2\n"
    assert server.post("SELECT 1", no_such_setting="1").status_code == 400
    assert (
        server.post("SELECT count() FROM numbers(1e15)", max_execution_time="1").status_code == 408
    )
    assert server.post("SELECT currentDatabase()", database="system").text == "system\n"
    assert server.post("SELECT currentDatabase()").text == "default\n"


def test_a_statement_can_be_killed_by_its_id(server: EmbeddedClickHouse) -> None:
    answers: list[httpx.Response] = []
    slow = threading.Thread(
        target=lambda: answers.append(
            httpx.post(
                server.url,
                content="SELECT count() FROM numbers(1e15)",
                params={"query_id": "slow-one"},
                auth=("writer", server.passwords["writer"]),
                timeout=60,
            )
        )
    )
    slow.start()
    deadline = time.monotonic() + 60
    while slow.is_alive() and time.monotonic() < deadline:
        server.post("KILL QUERY WHERE Settings['log_comment'] = 'slow-one' SYNC")
        time.sleep(0.1)
    slow.join(60)
    assert answers[0].headers["X-ClickHouse-Exception-Code"] == "394"


def test_json_lines_go_in(server: EmbeddedClickHouse, table: str) -> None:
    insert = f"INSERT INTO {table} (a, b, t) FORMAT JSONEachRow"
    answer = server.post(lines(0, 10), query=insert)
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "10"
    server.post(insert.encode() + b"\n" + lines(10, 10))
    headers = {"Content-Encoding": "gzip"}
    auth = ("writer", server.passwords["writer"])
    packed = gzip.compress(lines(20, 10))
    httpx.post(server.url, content=packed, params={"query": insert}, headers=headers, auth=auth)
    server.post(f"INSERT INTO {table} SETTINGS max_threads = 1 VALUES (30, 'x', now())")
    server.post(f"INSERT INTO {table} SELECT number, 'FORMAT x', now() FROM numbers(31, 1)")
    assert server.post(f"SELECT count(), sum(a), min(t) FROM {table}").text == (
        f"32\t{sum(range(32))}\t2026-11-24 00:00:00.123\n"
    )


def test_a_bad_line_refuses_the_batch(server: EmbeddedClickHouse, table: str) -> None:
    answer = server.post(
        lines(0, 10) + b'{"a": "x"}\n', query=f"INSERT INTO {table} FORMAT JSONEachRow"
    )
    assert answer.status_code == 400
    assert "DB::Exception" in answer.text
    assert server.post(f"SELECT count() FROM {table}").text == "0\n"


def test_a_token_makes_a_retry_harmless(server: EmbeddedClickHouse, table: str) -> None:
    client = server.client()
    for token in ("t:0:0-9", "t:0:0-9", "t:0:10-19"):
        client.raw_insert(
            table,
            ["a", "b", "t"],
            lines(0, 10),
            fmt="JSONEachRow",
            settings={"insert_deduplication_token": token},
        )
        client.insert(
            table,
            [[100, "native", datetime(2026, 1, 1, tzinfo=UTC)]],
            column_names=["a", "b", "t"],
            settings={"insert_deduplication_token": f"n:{token}"},
        )
    assert client.query(f"SELECT countIf(a < 100), countIf(a = 100) FROM {table}").result_rows == [
        (20, 2)
    ]


def test_clickhouse_connect_round_trip(server: EmbeddedClickHouse, table: str) -> None:
    client = server.client()
    moment = datetime(2026, 11, 24, 1, 2, 3, 456000, tzinfo=UTC)
    summary = client.insert(table, [[1, "tab\t'q'", moment]], column_names=["a", "b", "t"])
    assert summary.written_rows == 1
    query = f"SELECT a, b, t FROM {table} WHERE b = {{b:String}} AND a IN {{a:Array(UInt64)}}"
    found = client.query(query, parameters={"b": "tab\t'q'", "a": [1, 2]})
    assert found.result_rows == [(1, "tab\t'q'", moment)]
    assert found.column_names == ("a", "b", "t")
    assert client.command(f"SELECT count() FROM {table}") == 1
    assert client.query(f"SELECT a FROM {table} WHERE a = 9").result_rows == []
    with pytest.raises(ClickHouseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM served.none")


def test_analyst_client(server: EmbeddedClickHouse) -> None:
    server.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
    client = server.client("analyst")
    assert client.query("SELECT 1 AS a").result_rows == [(1,)]
    with pytest.raises(ClickHouseError, match="ACCESS_DENIED"):
        client.query(f"SELECT * FROM {TABLE}")


def test_a_large_result_comes_in_parts_and_whole(server: EmbeddedClickHouse) -> None:
    sql = "SELECT number, repeat('x', 140) FROM numbers(2000000)"
    server.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
    for fmt, least in (("TabSeparated", 295_000_000), ("CSVWithNames", 300_000_000)):
        size = parts = 0
        auth = ("analyst", server.passwords["analyst"])
        with httpx.stream(
            "POST", server.url, content=f"{sql} FORMAT {fmt}", auth=auth, timeout=60
        ) as answer:
            for part in answer.iter_raw():
                size += len(part)
                parts += 1
        assert size > least
        assert parts > 100


def test_a_result_that_breaks_off_is_never_taken_for_whole(server: EmbeddedClickHouse) -> None:
    sql = "SELECT throwIf(number = 9000000), number FROM numbers(10000000)"
    with pytest.raises(httpx.RemoteProtocolError):
        server.post(sql)


def test_a_slow_analyst_stands_before_nobody(server: EmbeddedClickHouse, table: str) -> None:
    server.post("CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic")
    auth = ("analyst", server.passwords["analyst"])

    def crunch() -> None:
        httpx.post(
            server.url,
            content="SELECT count() FROM numbers(1e15)",
            params={"max_execution_time": "3"},
            auth=auth,
            timeout=60,
        )

    threads = [threading.Thread(target=crunch) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    server.post(lines(0, 1000), query=f"INSERT INTO {table} FORMAT JSONEachRow")
    assert any(thread.is_alive() for thread in threads), "it did not wait for them"
    assert server.http.get(f"{server.url}/ping").text == "Ok.\n"
    for thread in threads:
        thread.join()


def test_acknowledged_rows_survive_kill_9(own: EmbeddedClickHouse) -> None:
    own.post("CREATE DATABASE kept ENGINE = Atomic")
    own.post("CREATE TABLE kept.t (a UInt64, b String, t DateTime) ENGINE = MergeTree ORDER BY a")
    acknowledged = 0
    killer = threading.Timer(1.0, lambda: own.stop(signal.SIGKILL))
    killer.start()
    try:
        while acknowledged < 5000:
            answer = own.post(
                lines(acknowledged, 10), query="INSERT INTO kept.t FORMAT JSONEachRow"
            )
            assert answer.status_code == 200
            acknowledged += 10
    except httpx.TransportError:
        pass
    killer.join()
    own.start()
    found = int(own.post("SELECT uniqExact(a) FROM kept.t").text)
    assert 0 < acknowledged <= found <= acknowledged + 10


def test_stops_cleanly(own: EmbeddedClickHouse) -> None:
    own.post("CREATE DATABASE pantau ENGINE = Atomic")
    endless = threading.Thread(
        target=lambda: own.post("SELECT count() FROM numbers(1e15)", "analyst")
    )
    endless.start()
    time.sleep(0.5)
    assert own.stop() in (0, -signal.SIGTERM)
    endless.join()


def test_a_second_server_says_so(own: EmbeddedClickHouse) -> None:
    command = [sys.executable, "-m", "engines.clickhouse", "--port", "0"]
    # Another spelling of the same folder.
    command += ["--data-dir", f"{own.home.path}/../{own.home.path.name}"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    said = second.stderr.strip().splitlines()
    assert len(said) == 1
    assert "in use by another embedded ClickHouse" in said[0]
    assert own.post("SELECT 1").text == "1\n"


def test_migrations(own: EmbeddedClickHouse, tmp_path: Path) -> None:
    client = own.client()
    (tmp_path / "0001_a.sql").write_text(
        "-- One; two.\nCREATE DATABASE x ENGINE = Atomic;\nCREATE TABLE x.t (a String\n"
        "DEFAULT ';') ENGINE = Log;\n"
    )
    assert migrate.run(client, migrate.read(tmp_path), ()) == ("0001",)
    assert migrate.run(client, migrate.read(tmp_path), ()) == ()
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE x.u (a Nothing9) ENGINE = Log;\n")
    with pytest.raises(migrate.MigrationError, match=r"0002_b\.sql"):
        migrate.run(client, migrate.read(tmp_path), ())
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE x.u (a UInt8) ENGINE = Log;\n")
    assert migrate.run(client, migrate.read(tmp_path), ()) == ("0002",)
    (tmp_path / "0001_a.sql").write_text("SELECT 1;\n")
    with pytest.raises(migrate.MigrationError, match="has changed since it was applied"):
        migrate.run(client, migrate.read(tmp_path), ())
    with pytest.raises(migrate.MigrationError, match="upgrade the program"):
        migrate.run(client, (), ())

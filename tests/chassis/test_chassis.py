"""The ground floor's I/O: files of the data dir, clock, problems, health and the server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from chassis import clocks, logs
from chassis.datadir import ACCOUNTS, DataDir, DataDirError
from chassis.health import Health, serve
from chassis.http import problems
from chassis.http.serve import listen
from chassis.kafka.admin import _misfits
from chassis.settings import Settings
from contracts.results.topics import EVENT_TOPICS, topics
from contracts.time.clock import DemoClock, RealClock, Segment


def settings(path: Path, **more: str) -> Settings:
    return Settings.model_validate({"data_dir": path} | more)


def test_key_is_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    with pytest.raises(DataDirError, match="pantau up"):
        home.key()
    home.create_key()
    key = home.key()
    home.create_key()
    assert home.key() == key and len(key) == 32
    assert stat.S_IMODE((home.secrets / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("mode", "held", "closed"),
    [
        (0o755, None, True),
        (0o755, "stamp.json", True),
        (0o755, "something of others", False),
        (0o1777, "stamp.json", False),
    ],
)
def test_a_dir_of_ours_is_closed_to_others(
    tmp_path: Path, mode: int, held: str | None, closed: bool
) -> None:
    home = DataDir(tmp_path / "data")
    home.path.mkdir()
    home.path.chmod(mode)
    if held:
        (home.path / held).touch()
    home.make()
    assert stat.S_IMODE(home.path.stat().st_mode) == (0o700 if closed else mode)


def test_damaged_key_is_named_and_never_replaced(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    (home.secrets / "key").write_text("zz")
    home.create_key()
    with pytest.raises(DataDirError, match="restore"):
        home.key()


def test_accounts_keep_their_passwords(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    home.create_clickhouse_accounts()
    accounts = home.clickhouse_accounts()
    home.create_clickhouse_accounts()
    assert home.clickhouse_accounts() == accounts
    assert set(accounts) == set(ACCOUNTS)


def test_run_files(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    assert home.read_run("sinks") is None
    home.write_run("sinks", {"pid": 1, "health": "http://127.0.0.1:1"})
    assert home.read_run("sinks") == {"pid": 1, "health": "http://127.0.0.1:1"}
    home.remove_run("sinks")
    assert home.read_run("sinks") is None


def test_clock_of_the_settings(tmp_path: Path) -> None:
    assert isinstance(clocks.load_clock(settings(tmp_path)), RealClock)
    with pytest.raises(DataDirError, match="--clock demo"):
        clocks.load_clock(settings(tmp_path, clock="demo"))
    clocks.append_segment(DataDir(tmp_path), Segment(1_000, 50_000, 72))
    clocks.append_segment(DataDir(tmp_path), Segment(2_000, 900_000, 72))
    clock = clocks.load_clock(settings(tmp_path, clock="demo"))
    assert isinstance(clock, DemoClock)
    assert clock.at(1_010) == 50_720
    assert clock.at(2_001) == 900_072


def test_secret_key_of_the_settings_wins(tmp_path: Path) -> None:
    assert clocks.secret_key(settings(tmp_path, secret_key="ab" * 32)) == b"\xab" * 32
    with pytest.raises(DataDirError, match="hexadecimal"):
        clocks.secret_key(settings(tmp_path, secret_key="no hex"))
    with pytest.raises(DataDirError, match="32"):
        clocks.secret_key(settings(tmp_path, secret_key="abcd"))


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/problem")
    async def _problem() -> None:
        raise problems.Problem(429, "Too Many Requests", "Slow down.", {"Retry-After": "2"})

    @app.get("/number")
    async def _number(n: int) -> int:
        return n

    @app.get("/fault")
    async def _fault() -> None:
        raise RuntimeError("secret inside")

    return app


def ask(app: FastAPI, method: str, path: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(send())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/problem", 429),
        ("GET", "/nowhere", 404),
        ("POST", "/problem", 405),
        ("GET", "/number?n=abc123", 422),
        ("GET", "/fault", 500),
    ],
)
def test_every_error_is_a_problem(app: FastAPI, method: str, path: str, status: int) -> None:
    answer = ask(app, method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status and body["title"] and body["detail"]
    assert "secret" not in answer.text and "abc123" not in answer.text


def test_problem_headers_reach_the_client(app: FastAPI) -> None:
    assert ask(app, "GET", "/problem").headers["retry-after"] == "2"
    assert ask(app, "POST", "/problem").headers["allow"] == "GET"


def test_health_server_tells_readiness_and_leaves_nothing(tmp_path: Path) -> None:
    health = Health("streams")
    with serve(health, "127.0.0.1", 0, tmp_path) as port:
        run = DataDir(tmp_path).read_run("streams")
        assert run == {"pid": os.getpid(), "health": f"http://127.0.0.1:{port}", "port": port}
        with httpx.Client(base_url=run["health"], timeout=5) as client:
            assert client.get("/healthz").status_code == 200
            first = client.get("/readyz")
            assert (first.status_code, first.json()["detail"]) == (503, "starting")
            health.ready("all partitions")
            assert client.get("/readyz").status_code == 200
            health.not_ready("fenced")
            assert client.get("/readyz").json() == {
                "service": "streams",
                "ready": False,
                "detail": "fenced",
            }
            assert "python_info" in client.get("/metrics").text
    assert DataDir(tmp_path).read_run("streams") is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_port_in_use_is_one_clear_line() -> None:
    with listen("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port} .*--base-port"):
            listen("127.0.0.1", port)


def test_logs_are_json_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        logs.configure("ingest", "info")
        logs.get("ingest.http").info("accepted", n=3)
        logging.getLogger("library").warning("odd %s", "3211 0845 0912 0001")
        logs.get("ingest.http").debug("hidden")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    captured = capsys.readouterr()
    assert captured.out == ""
    ours, theirs = (json.loads(line) for line in captured.err.splitlines())
    assert ours | {"ts": ""} == {
        "event": "accepted",
        "n": 3,
        "level": "info",
        "logger": "ingest.http",
        "service": "ingest",
        "ts": "",
    }
    assert theirs["event"] == "odd #### #### #### ####" and theirs["service"] == "ingest"


def test_misfit_topics_are_named() -> None:
    topic = next(topic for topic in topics(2, 1) if topic.name == EVENT_TOPICS[0])
    assert _misfits(topic, 2, topic.config) == []
    wrong = _misfits(topic, 4, {"message.timestamp.type": "CreateTime"})
    assert len(wrong) == 2
    assert "4 partitions" in wrong[1] and "CreateTime" in wrong[0]

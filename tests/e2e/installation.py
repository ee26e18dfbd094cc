"""One `pantau up` as an operator runs it, and what the tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import clickhouse_connect
import httpx
from clickhouse_connect.driver.client import Client

from chassis.kafka.cluster import Cluster, cluster_of
from pantau.installation import ROOT, running_settings
from tests.ports import pick_port

PARTS: Final = ("ingest", "streams", "sinks", "clickhouse", "gateway", "kafka")
REGION: Final = "32.11"
_START_S: Final = 240.0
"""Thirty seconds on a quiet machine. Tests run on loaded ones, and no test is a stop-watch."""

Event = dict[str, Any]
Row = dict[str, Any]


def pantau(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pantau", *arguments]


def environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PANTAU_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A `pantau` command that ends by itself."""
    return subprocess.run(
        pantau(*arguments),
        capture_output=True, text=True, env=environment(), check=False, timeout=120,
    )  # fmt: skip


def until(condition: Callable[[], bool], seconds: float, every_s: float = 0.2) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(every_s)


def base_port() -> int:
    """N with N to N+3 free."""
    while True:
        first = pick_port()
        if all(_is_free(first + step) for step in range(1, 4)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def children(pid: int) -> dict[int, str]:
    """Pid -> command line of the children of `pid`."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and line:
            found[int(folder.name)] = line
    return found


class Installation:
    """Starts and stops `pantau up` on one data dir. `accepted`: every event that ingest has taken, in order."""

    def __init__(self, home: Path, *options: str, regions: Path = ROOT / "regions") -> None:
        self.home = home
        self._regions = regions
        self.base_port = base_port()
        self.accepted: list[Event] = []
        self._options = options
        self._said = home.parent / "stdout"
        self._log = home.parent / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}

    # --- the command ---------------------------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """Its Kafka, as the account that may do everything."""
        return cluster_of(running_settings(self.home), "admin")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return when the ready line is there."""
        command = pantau(
            "up", *self._options, "--data-dir", str(self.home), "--base-port", str(self.base_port)
        )
        out, log = self._said.open("wb"), self._log.open("ab")
        told = environment() | {"PANTAU_REGIONS_DIR": str(self._regions)}
        self._process = subprocess.Popen(command, stdout=out, stderr=log, env=told)
        out.close()
        log.close()
        try:
            until(self._is_ready, _START_S)
            self.ready = json.loads(self._said.read_bytes())
        except BaseException:
            self.kill()
            raise

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"pantau up ended:\n{self.log()}"
        return self._said.read_bytes().endswith(b"\n")

    def stop(self) -> str:
        """Ctrl-C. What it said on stdout after the ready line; fails if it leaves anything behind."""
        process = self._process
        assert process is not None
        ours = children(process.pid)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._process = None
        assert process.returncode == 0, self.log()
        left = [line for pid, line in ours.items() if Path(f"/proc/{pid}").exists()]
        assert not left, f"still running: {left}"
        return "".join(self._said.read_text().splitlines(keepends=True)[1:])

    def kill(self) -> None:
        """End it however it stands: for clearing up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)

    def log(self) -> str:
        """The last of what it said on stderr."""
        return self._log.read_text()[-4000:]

    def pid_of(self, part: str) -> int | None:
        """The process among the supervisor's whose command line names `part`."""
        lines = {pid: line.split(" --data-dir")[0] for pid, line in children(self.pid).items()}
        found = [
            pid
            for pid, line in lines.items()
            if part in line and "pantau.processes.leash" not in line
        ]
        return found[0] if len(found) == 1 else None

    def status(self) -> Any:
        return json.loads(run("status", "--json", "--data-dir", str(self.home)).stdout)

    # --- devices -------------------------------------------------------------------------------------------------

    def tokens(self) -> Any:
        return json.loads(Path(self.ready["tokens"]).read_bytes())

    def send(self, unit: str, body: bytes, kind: str, **headers: str) -> httpx.Response:
        """One request of a unit's device."""
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        token = self.tokens()["devices"][unit]
        return httpx.post(
            f"{self.ready['ingest']}/v1/events",
            content=body,
            headers={"Authorization": f"Bearer {token}", "Content-Type": kind, **given},
            timeout=60,
        )

    def post(self, unit: str, events: Iterable[Event]) -> str:
        """Send events that are all to be accepted, again and again until they are, as a device does; the receipt."""
        some = list(events)
        body = "\n".join(json.dumps(event) for event in some).encode()
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = self.send(unit, body, "application/x-ndjson")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in (429, 503):
                body = answer.json()
                assert (body["accepted"], body["rejected"]) == (len(some), []), answer.text
                self.accepted += some
                return str(body["receipt"])
            assert time.monotonic() < deadline, "ingest does not come back"
            time.sleep(0.3)

    def receipt(self, unit: str, receipt: str) -> httpx.Response:
        """What a unit's device is told of a receipt."""
        token = self.tokens()["devices"][unit]
        return httpx.get(
            f"{self.ready['ingest']}/v1/receipts/{receipt}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    # --- readers -------------------------------------------------------------------------------------------------

    def desk(self, role: str) -> httpx.Client:
        """Somebody of the desk with this role, logged in."""
        gateway = httpx.Client(base_url=self.gateway, timeout=60)
        answer = gateway.post("/v1/desk/login", json=self.tokens()["desk"][role])
        gateway.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return gateway

    def analyst(self) -> Client:
        """As an analyst connects."""
        account = self.tokens()["analyst"]
        port = int(self.ready["clickhouse"].rpartition(":")[2])
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=port, username=account["user"], password=account["password"]
        )

    def query(self, sql: str) -> list[Row]:
        client = self.analyst()
        try:
            return list(client.query(sql).named_results())
        finally:
            client.close()

    @property
    def gateway(self) -> str:
        """Base URL of the gateway."""
        return str(self.ready["wall"]).partition("/#")[0]

    def wall(self) -> dict[str, str]:
        """Headers of a wall."""
        return {"Authorization": f"Bearer {self.tokens()['wall']}"}

    def state(self, levels: str = "kabupaten", **headers: str) -> httpx.Response:
        url = f"{self.gateway}/v1/state?region={REGION}&levels={levels}"
        return httpx.get(url, headers=self.wall() | headers, timeout=60)

"""The services as containers would run them: from the image's tree, the environment of docker-compose.yml,
a data dir of their own each, a Kafka and a ClickHouse that something else started."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from chassis.datadir import DataDir
from contracts.time.clock import real_now_ms
from contracts.time.instant import rfc3339
from engines.kafka.broker import KafkaBroker
from tests.deploy.image import REPO
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded
from tests.ports import pick_port

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.slow]

_COMPOSE: Final[dict[str, Any]] = yaml.safe_load((REPO / "docker-compose.yml").read_text())
_SERVICES: Final = ("ingest", "streams", "sinks", "gateway")
_KEY: Final = "ab" * 32
_KAFKA_PASSWORD: Final = "of the broker and of init"
_READY_S: Final = 150.0


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
"""As Compose reads a variable that .env leaves out: its default."""


class Host:
    """Stands for Docker: starts a service's command, asks its health as docker-compose.yml says."""

    def __init__(
        self, folder: Path, tree: Path, kafka: KafkaBroker, clickhouse: EmbeddedClickHouse
    ) -> None:
        self._folder = folder
        self._bin = tree / "opt/pantau/venv/bin"
        self._given = {
            "PANTAU_BROKER": kafka.address,
            "PANTAU_CLICKHOUSE_URL": clickhouse.url,
            "PANTAU_CLICKHOUSE_PASSWORD": clickhouse.passwords["writer"],
            "PANTAU_ANALYST_PASSWORD": clickhouse.passwords["analyst"],
            "PANTAU_SECRET_KEY": _KEY,
            "PANTAU_REGIONS": "32.11",
            "PANTAU_REGIONS_DIR": str(REPO / "regions"),
            "PANTAU_PARTITIONS": "2",
            "PANTAU_REGION_PARTITIONS": "1",
            "PANTAU_ALLOWED_ORIGINS": "",
            "PANTAU_LOG_LEVEL": "warning",
        }
        # One network here, where containers have one each.
        self.ports = {
            service: {
                name: _free_port()
                for name in ("PANTAU_INGEST_PORT", "PANTAU_GATEWAY_PORT", "PANTAU_HEALTH_PORT")
            }
            for service in _SERVICES
        }
        # It shares the network of ingest: `network_mode: service:ingest`.
        self.ports["simulator"] = self.ports["ingest"] | {"PANTAU_HEALTH_PORT": _free_port()}

    def environment(self, service: str, data: str) -> dict[str, str]:
        """Of the service's container; `data`: name of its data dir."""
        said = _COMPOSE["services"][service]["environment"]
        mine = {name: _DEFAULT.sub(r"\1", str(value)) for name, value in said.items()}
        mine |= self._given
        mine |= {name: str(port) for name, port in self.ports.get(service, {}).items()}
        if "PANTAU_KAFKA_PASSWORD" in said:
            mine["PANTAU_KAFKA_PASSWORD"] = _KAFKA_PASSWORD
        assert not [value for value in mine.values() if "${" in value]
        folder = self._folder / data
        folder.mkdir(exist_ok=True)
        return mine | {"PANTAU_DATA_DIR": str(folder), "PATH": f"{self._bin}:/usr/bin:/bin"}

    def run(
        self, *argv: str, data: str = "init", **changes: str
    ) -> subprocess.CompletedProcess[str]:
        """A command in the container of `init`."""
        return subprocess.run(
            [self._bin / argv[0], *argv[1:]],
            env=self.environment("init", data) | changes,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @contextmanager
    def service(self, name: str, data: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """It runs while the block does; SIGTERM ends it within its grace period, with 0."""
        one = _COMPOSE["services"][name]
        first, *rest = one["command"]
        process = subprocess.Popen(
            [self._bin / first, *rest], env=self.environment(name, data or name), cwd=self._folder
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            grace_s = int(one["stop_grace_period"].removesuffix("s"))
            assert process.wait(grace_s) == 0, f"{name} did not end well"
        finally:
            process.kill()
            process.wait()

    def is_healthy(self, name: str) -> bool:
        """As the health check says, at the port that the service has here."""
        service = _COMPOSE["services"][name]
        said = {str(value): key for key, value in service["environment"].items()}
        cmd, program, *words = service["healthcheck"]["test"]
        assert cmd == "CMD"
        for port, key in said.items():
            if key in self.ports[name]:
                words = [word.replace(f":{port}/", f":{self.ports[name][key]}/") for word in words]
        env = {"PATH": str(self._bin)}
        asked = subprocess.run(
            [self._bin / program, *words], env=env, capture_output=True, check=False
        )
        return asked.returncode == 0


@pytest.fixture(scope="module")
def host(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    clickhouse = embedded(tmp_path_factory.mktemp("clickhouse"))
    broker = KafkaBroker(folder / "kafka", pick_port(), admin_password=_KAFKA_PASSWORD)
    (folder / "kafka").mkdir()
    with broker.running():
        clickhouse.start()
        try:
            yield Host(folder, tree, broker, clickhouse)
        finally:
            clickhouse.stop()


def test_init_can_be_repeated_and_keeps_real_apart_from_simulated(
    host: Host,
) -> None:
    first = host.run("pantau", "init")
    assert first.returncode == 0, first.stderr
    assert "32.11" in first.stderr
    again = host.run("pantau", "init")
    assert again.returncode == 0, again.stderr
    assert "tidak ada" in again.stderr
    simulated = host.run("pantau", "init", "--mode", "simulated")
    assert simulated.returncode == 1
    assert "takes no simulated ones" in simulated.stderr
    data = Path(host.environment("init", "init")["PANTAU_DATA_DIR"])
    assert not DataDir(data).is_simulated
    assert not (data / "secrets" / "tokens.json").exists()


def test_init_says_what_is_wrong(host: Host) -> None:
    denied = host.run("pantau", "init", data="denied", PANTAU_CLICKHOUSE_PASSWORD="wrong")
    assert denied.returncode == 1
    assert "turns 'writer' away" in denied.stderr
    assert "wrong" not in denied.stderr
    nowhere = f"http://127.0.0.1:{_free_port()}"
    absent = host.run("pantau", "init", "--wait", "1", data="absent", PANTAU_CLICKHOUSE_URL=nowhere)
    assert absent.returncode == 1
    assert f"no ClickHouse at {nowhere}" in absent.stderr
    keyless = host.run("pantau", "init", data="keyless", PANTAU_SECRET_KEY="")
    assert keyless.returncode == 1
    assert "PANTAU_SECRET_KEY" in keyless.stderr


def test_a_simulated_installation_has_devices_that_ingest_takes(host: Host) -> None:
    """The simulator becomes healthy, and a token of its file is taken: by night and on a Sunday it may have nothing to send."""
    done = host.run("pantau", "init", "--mode", "simulated", data="simulated")
    assert done.returncode == 0, done.stderr
    folder = Path(host.environment("init", "simulated")["PANTAU_DATA_DIR"])
    assert DataDir(folder).is_simulated
    tokens = folder / "secrets" / "tokens.json"
    assert tokens.stat().st_mode & 0o777 == 0o600
    url = f"http://127.0.0.1:{host.ports['ingest']['PANTAU_INGEST_PORT']}/v1/events"
    with host.service("ingest"), host.service("simulator", "simulated") as simulator:
        deadline = time.monotonic() + _READY_S
        while not (host.is_healthy("ingest") and host.is_healthy("simulator")):
            assert time.monotonic() < deadline, "not healthy"
            assert simulator.poll() is None
            time.sleep(0.5)
        kitchen = "SPPG-3211-0001"
        beat = {
            "specversion": "1.0",
            "id": "beat-1",
            "source": f"/32.11/sppg/{kitchen}",
            "type": "unit.heartbeat",
            "time": rfc3339(real_now_ms()),
            "data": {"outbox": 0, "version": "1"},
        }
        token = json.loads(tokens.read_text())["devices"][kitchen]
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/cloudevents+json",
        }
        answer = httpx.post(url, json=beat, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text


def test_services_become_healthy_with_nothing_but_their_environment(host: Host) -> None:
    assert host.run("pantau", "init").returncode == 0
    with ExitStack() as running:
        processes = {name: running.enter_context(host.service(name)) for name in _SERVICES}
        waiting = set(_SERVICES)
        deadline = time.monotonic() + _READY_S
        while waiting:
            assert time.monotonic() < deadline, f"not healthy: {waiting}"
            assert all(one.poll() is None for one in processes.values())
            waiting = {name for name in waiting if not host.is_healthy(name)}
            time.sleep(0.5)
        link = host.run("pantau", "wall", "--url", "http://wall").stdout.strip()
        assert link.startswith("http://wall/#code=")
        base = f"http://127.0.0.1:{host.ports['gateway']['PANTAU_GATEWAY_PORT']}"
        assert httpx.get(base, trust_env=False).status_code == httpx.codes.OK
    # What is not there any more is not healthy: the check can fail.
    assert not host.is_healthy("ingest")

"""The service as a process, from a real broker to a receiver on this machine: nothing is lost, whatever is killed, and a
double has the id of the first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from kafka import KafkaProducer

from chassis.datadir import DataDir
from chassis.kafka.admin import ensure_topics
from chassis.kafka.cluster import Cluster
from chassis.regions.people_file import PEOPLE_COLUMNS
from contracts.results.table_rows import AlertChangeRow
from contracts.results.topics import ALERTS, GENERATIONS, TABLE_HEADER, topics
from contracts.time.clock import real_now_ms
from contracts.time.instant import rfc3339
from notices.sending.notice_queue import read_deliveries
from tests.fixtures_sinks import wait_until
from tests.house.product import ROOT
from tests.notices.alert_rows import row
from tests.notices.receiver import Receiver, receiver

pytestmark = [pytest.mark.timeout(180)]

_REGION: Final = "99.17"
"""Of these tests alone: the broker is shared."""
_KEY: Final = b"a secret of enough bytes, for tests"
_PEOPLE: Final = f"""{",".join(PEOPLE_COLUMNS)}
desk-1,Contoh,desk,,pantau,,1,webhook,,,,desk
"""
_PACE: Final = "pace: {fold_min: 0.01, siaga_fold_min: 0.01, per_hour: 1000}\n"
_TABLE: Final = [(TABLE_HEADER, b"alert_changes")]


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


class Notices:
    def __init__(self, folder: Path, broker: str, place: Receiver) -> None:
        self.folder = folder
        self.place = place
        self.regions = folder / "regions"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._env = {
            name: text for name, text in os.environ.items() if not name.startswith("PANTAU_")
        } | {
            "PANTAU_DATA_DIR": str(folder / "data"),
            "PANTAU_REGIONS_DIR": str(self.regions),
            "PANTAU_REGIONS": _REGION,
            "PANTAU_BROKER": broker,
            "PANTAU_SECRET_KEY": "6b" * 32,
            "PYTHONPATH": str(ROOT),
        }
        (folder / "data").mkdir()
        self._producer = KafkaProducer(bootstrap_servers=broker)
        self._revision = 0

    def configure(self) -> None:
        region = self.regions / _REGION
        region.mkdir(parents=True, exist_ok=True)
        yaml = (ROOT / "regions/32.11/region.yaml").read_text().split("kecamatan:\n")[0]
        yaml = yaml.replace('"32.11"', f'"{_REGION}"').replace("Sumedang", "Uji")
        (region / "region.yaml").write_text(
            f'{yaml}kecamatan: [{{code: "{_REGION}.01", name: Uji}}]\n'
        )
        for name in ("units.csv", "recipients.csv"):
            head = (ROOT / "regions/32.11" / name).read_text().splitlines()[0]
            (region / name).write_text(f"{head}\n")
        feature: dict[str, Any] = {
            "type": "Feature",
            "id": f"{_REGION}.01",
            "geometry": None,
            "properties": {},
        }
        (region / "boundaries.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": [feature]})
        )
        self.write(f'{{desk: {{url: "{self.place.url}", secret_file: hook}}}}')
        hook = self.folder / "data" / "hook"
        hook.write_bytes(_KEY)
        hook.chmod(0o600)
        (region / "people.csv").write_text(_PEOPLE)

    def write(self, webhooks: str) -> None:
        (self.folder / "data" / "notices.yaml").write_text(f"webhooks: {webhooks}\n{_PACE}")

    def alert(self, alert: str, **changes: Any) -> None:
        self._revision += 1
        now = rfc3339(real_now_ms())
        given = {"region": _REGION, "raised_at": now, "updated_at": now} | changes
        one: AlertChangeRow = row(self._revision, 0, alert, **given)
        self._producer.send(ALERTS, msgspec.json.encode(one), partition=0, headers=_TABLE)
        self._producer.flush()

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", *(command or ("notices",))]
        process = subprocess.Popen(argv, env=self._env, stderr=(self.folder / "log").open("ab"))
        self._processes.append(process)
        return process

    def ask(self, process: subprocess.Popen[bytes], path: str) -> str:
        facts = DataDir(self.folder / "data").read_run("notices")
        if facts is None or facts["pid"] != process.pid:
            return ""
        try:
            with urllib.request.urlopen(f"{facts['health']}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.read().decode())
        except OSError:
            return ""

    def sent(self) -> list[str]:
        """Alerts of the requests, in their order, a request each."""
        return [
            ",".join(sorted(item["alert_id"] for item in json.loads(one.body)["alerts"]))
            for one in self.place.requests
        ]

    def close(self) -> None:
        self._producer.close()
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def installed(kafka: str, tmp_path: Path, place: Receiver) -> Iterator[Notices]:
    ensure_topics(
        Cluster(kafka), [one for one in topics(2, 1) if one.name in (ALERTS, GENERATIONS)], 1
    )
    one = Notices(tmp_path, kafka, place)
    try:
        yield one
    finally:
        one.close()


def test_kills_lose_nothing_and_doubles_have_one_id(installed: Notices) -> None:
    installed.configure()
    installed.alert("x1", severity=3)
    assert installed.start("tests.notices.killer", "store").wait(90) == -signal.SIGKILL
    assert installed.sent() == []
    assert installed.start("tests.notices.killer", "end").wait(90) == -signal.SIGKILL
    assert installed.sent() == ["x1"]
    process = installed.start()
    wait_until(lambda: len(installed.place.requests) >= 2)
    first, second = installed.place.requests
    assert first.id == second.id
    assert first.body == second.body
    assert second.is_signed(_KEY)

    # Killed while the receiver is broken: what waits is on disk.
    installed.place.answers = [(503, {}, b"")] * 1_000
    installed.alert("x2")
    installed.alert("x1", severity=3, state="resolved", raised_at=_raised(first))
    wait_until(lambda: 'outcome="put off"' in installed.ask(process, "/metrics"))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    installed.place.answers.clear()
    tried = len(installed.place.requests)
    process = installed.start()
    wait_until(lambda: {"x1", "x2"} <= set(",".join(installed.sent()[tried:]).split(",")))
    wait_until(lambda: all(one.status == "delivered" for one in _records(installed)))
    assert len(set(installed.place.ids)) == len(_records(installed))
    _until_ready(lambda: installed.ask(process, "/readyz"), "")
    assert "pantau_notices_pending 0.0" in installed.ask(process, "/metrics")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def _raised(request: Any) -> str:
    return str(json.loads(request.body)["alerts"][0]["raised_at"])


def _records(installed: Notices) -> list[Any]:
    return read_deliveries(installed.folder / "data", 100)


def test_nobody_is_configured_until_somebody_is(installed: Notices) -> None:
    process = installed.start()
    _until_ready(lambda: installed.ask(process, "/readyz"), "nobody is configured")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    installed.configure()
    process = installed.start()
    _until_ready(lambda: installed.ask(process, "/readyz"), "")
    # A wrong change is said, and what was in force goes on.
    installed.write("{desk: {url: nowhere, secret_file: hook}}")
    wait_until(lambda: "not in force" in installed.ask(process, "/readyz"))
    installed.alert("y1", severity=3)
    wait_until(lambda: any("y1" in one for one in installed.sent()))
    assert "pantau_notices_people 1.0" in installed.ask(process, "/metrics")


def _until_ready(ask: Callable[[], str], detail: str) -> None:
    def ready() -> bool:
        text = ask()
        return bool(text) and json.loads(text)["ready"] and detail in text

    wait_until(ready)

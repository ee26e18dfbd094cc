"""A simulator against a real ingest and broker: a day in seconds, killed in the middle, and the truth compared with Kafka."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from chassis.clocks import append_segment
from chassis.datadir import DataDir
from contracts.results.topics import CLINIC_EVENTS, DEAD_LETTERS, SPPG_EVENTS
from contracts.time.clock import DemoClock, Segment, real_now_ms
from contracts.time.instant import epoch_ms
from producers.simulator.events.truth import FIGURES, read, totals
from tests.examples import CLINIC, KITCHEN, SCHOOL
from tests.producers import installation
from tests.producers.installation import Running, token
from tests.registry_small import SECOND_KITCHEN

pytestmark = pytest.mark.real

FACTOR: Final = 3_600.0
START: Final = "2026-11-24T04:30:00+07:00"
SEED: Final = 77
UNITS: Final = (KITCHEN, SECOND_KITCHEN, CLINIC)
REGION_YAML: Final = """
code: "32.11"
name: Sumedang
province: Jawa Barat
timezone: Asia/Jakarta
service_weekdays: [1, 2, 3, 4, 5]
kecamatan: [{code: "32.11.08", name: Uji}]
"""


def region_folder(folder: Path) -> None:
    """The units and schools of `tests.registry_small` as a folder, with more to do for them."""
    folder.mkdir(parents=True)
    (folder / "region.yaml").write_text(REGION_YAML)
    (folder / "boundaries.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","id":"32.11.08"}]}'
    )
    (folder / "units.csv").write_text(
        "unit_id,kind,name,kecamatan,lon,lat,opens,closes,capacity,slhs_valid_until,"
        "registered_children,status,valid_from,synthetic\n"
        f"{KITCHEN},sppg,Satu,32.11.08,107.9,-6.8,01:00,14:00,3000,,,active,2026-01-01,1\n"
        f"{SECOND_KITCHEN},sppg,Dua,32.11.08,107.9,-6.8,01:00,14:00,3000,,,active,2026-01-01,1\n"
        f"{CLINIC},clinic,Tiga,32.11.08,107.9,-6.8,07:30,15:00,,,420,active,2026-01-01,1\n"
    )
    rows = "".join(
        f"{one},Sekolah,school,32.11.08,107.9,-6.8,{kitchen},{meal},,300,,,,14,,,0,active,2026-01-01,1\n"
        for one, kitchen, meal in (
            (SCHOOL, KITCHEN, "09:30"),
            ("npsn:20208124", SECOND_KITCHEN, "11:30"),
        )
    )
    (folder / "recipients.csv").write_text(
        "recipient_id,name,kind,kecamatan,lon,lat,unit_id,meal_time,"
        "paud,sd,smp,sma,santri,guru,bumil,busui,balita,status,valid_from,synthetic\n" + rows
    )


class Stage:
    """A data dir with a running ingest on a demo clock of `FACTOR`."""

    def __init__(self, folder: Path, ingest: Running, segment: Segment) -> None:
        self.home = DataDir(folder)
        self.ingest = ingest
        self.clock = DemoClock([segment])
        self._started: list[subprocess.Popen[bytes]] = []
        self._env = {
            **os.environ,
            "PANTAU_DATA_DIR": str(folder),
            "PANTAU_REGIONS_DIR": str(folder / "regions"),
            "PANTAU_CLOCK": "demo",
        }

    def start(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "producers.simulator", "--region", "32.11"]
        process = subprocess.Popen([*argv, "--seed", str(SEED)], env=self._env)
        self._started.append(process)
        deadline = time.monotonic() + 120
        while (noted := self.home.read_run("simulator")) is None or noted["pid"] != process.pid:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(60)

    def play_until(self, local: str) -> None:
        """Wait until the region's clock shows `local`."""
        while self.clock.now_ms() < epoch_ms(local):
            time.sleep(0.05)

    def wait_received(self) -> None:
        """Wait until all that the kitchens received on the day is known to have arrived."""
        deadline = time.monotonic() + 240
        path = self.home.path / "truth" / "2026-11-24.jsonl"
        while not _received(path, None) or _received(path, self.clock.now_ms()) != _received(
            path, None
        ):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _received(path: Path, up_to_ms: int | None) -> int:
    kitchens = totals(path, up_to_ms)["kitchens"].values()
    return sum(one["portions_received"] for one in kitchens)


@pytest.fixture
def stage(events_broker: str, tmp_path: Path) -> Iterator[Stage]:
    region_folder(tmp_path / "regions" / "32.11")
    home = DataDir(tmp_path)
    home.tokens_file.write_text(json.dumps({"devices": {unit: token(unit) for unit in UNITS}}))
    segment = Segment(real_now_ms() + 4_000, epoch_ms(START), FACTOR)
    append_segment(home, segment)
    with installation.ingest(events_broker, tmp_path, clock="demo") as ingest:
        ingest.wait_ready()
        made = Stage(tmp_path, ingest, segment)
        yield made
        made.end()


def test_a_day_killed_in_the_middle_arrives_once_and_as_the_truth_says(stage: Stage) -> None:
    first = stage.start()
    stage.play_until("2026-11-24T08:00:00+07:00")
    first.kill()
    first.wait(60)
    second = stage.start()
    stage.play_until("2026-11-25T00:30:00+07:00")
    stage.wait_received()
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    assert stage.home.read_run("simulator") is None

    broker = stage.ingest.broker
    mine = f"sim{SEED}-"
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for record in installation.read(broker, SPPG_EVENTS) + installation.read(broker, CLINIC_EVENTS):
        for raw in record.value.split(b"\n"):
            line = json.loads(raw)
            if line.get("id", "").startswith(mine):
                line.pop("receivedtime")
                # A fact that is sent again is the same event, word for word.
                assert lines.setdefault((line["source"], line["id"]), line) == line
    dead = installation.read(broker, DEAD_LETTERS)
    assert not [one for one in dead if mine.encode() in one.value]

    path = stage.home.path / "truth" / "2026-11-24.jsonl"
    record_ = read(path)
    business = {
        (line["source"].rpartition("/")[2], line["id"])
        for line in lines.values()
        if line["type"] != "unit.heartbeat" and "2026-11-24-" in line["id"]
    }
    # Whoever was killed may have sent what it could not note any more: that is sent, and noted, again.
    assert business == set(record_.arrived) and len(business) > 100
    assert totals(path)["regions"]["32.11"]["portions_cooked"] > 500
    final = totals(path, stage.clock.now_ms())
    gone = {(line["source"], line.get("supersedes")) for line in lines.values()}
    cooked = sum(
        line["data"]["portions"]
        for key, line in lines.items()
        if line["type"] == "sppg.cooking.finished" and key not in gone
    )
    assert final["regions"]["32.11"]["portions_cooked"] == cooked
    assert set(final["regions"]["32.11"]) == set(FIGURES)

"""`pantau device send|status|run` as processes, beside a real ingest: killed at any moment, nothing is lost and nothing counts twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from producers.device.device_home import DeviceHome
from producers.device.outbox import Outbox
from tests.examples import KITCHEN, REGION
from tests.producers.installation import Running, now, read, token

KILLS: Final = int(os.environ.get("PANTAU_TEST_DEVICE_KILLS", "3"))
SOURCE: Final = f"/{REGION}/sppg/{KITCHEN}"

pytestmark = pytest.mark.real


def device(home: Path, url: str, *words: str) -> list[str]:
    command = [sys.executable, "-m", "pantau", "device", *words]
    return [*command, "--home", str(home), "--ingest", url]


def run(home: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        device(home, url, *words), capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = DeviceHome(tmp_path / "device")
    place.keep_token(token(KITCHEN))
    return place.path


def beats(name: str, count: int) -> list[bytes]:
    data = {"outbox": 0, "version": "1"}
    return [
        json.dumps(
            {"id": f"{name}-{n}", "type": "unit.heartbeat", "time": now(), "data": data}
        ).encode()
        for n in range(count)
    ]


def test_a_device_killed_in_mid_send_loses_nothing_and_adds_nothing(
    served: Running, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(b"\n".join(beats("killed", 10_000)))
    chance = random.Random(1)
    with Outbox(DeviceHome(home).outbox):
        pass
    for _ in range(KILLS):
        with subprocess.Popen(
            device(home, served.url, "send", str(file), "--source", SOURCE),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            # Not a length of time: it starts, reads, queues and sends, and dies somewhere in there.
            time.sleep(chance.uniform(0.5, 4))
            process.send_signal(signal.SIGKILL)
    last = run(home, served.url, "send", str(file), "--source", SOURCE)
    assert last.returncode == 0, last.stderr
    assert "0 still wait, 0 were refused" in last.stderr
    found = Counter(
        json.loads(line)["id"]
        for record in read(served.broker, "sppg.events")
        for line in record.value.split(b"\n")
        if b'"killed-' in line
    )
    # Copies are equal and count once: streams take identity by (source, id).
    assert found.keys() == {f"killed-{n}" for n in range(10_000)}
    with Outbox(DeviceHome(home).outbox) as outbox:
        assert (len(outbox), outbox.aside()) == (0, [])


def test_a_bad_row_stops_the_file_and_is_told_by_its_number(
    served: Running, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "day.csv"
    file.write_text(
        "type;time;point;temp_c\n"
        f"sppg.temperature.measured;{now()};chiller;3,4\n"
        f"sppg.temperature.measured;{now()};oven;3,4\n"
    )
    words = ("send", str(file), "--source", SOURCE)
    refused = run(home, served.url, *words)
    assert (refused.returncode, "row 3: out_of_range" in refused.stderr) == (1, True)
    assert "nothing was" in refused.stderr
    assert len(Outbox(DeviceHome(home).outbox)) == 0
    rest = run(home, served.url, *words, "--skip-bad")
    assert "1 queued, 0 still wait, 0 were refused" in rest.stderr


def test_run_sends_what_others_queue_and_stops_cleanly(
    served: Running, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "more.jsonl"
    file.write_bytes(b"\n".join(beats("queued", 50)))
    log = (tmp_path / "log").open("wb")
    with subprocess.Popen(device(home, served.url, "run"), stderr=log) as process:
        deadline = time.monotonic() + 60
        while not (home / "outbox.db").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        second = run(home, served.url, "run")
        assert (second.returncode, "another process sends" in second.stderr) == (1, True)
        sent = run(home, served.url, "send", str(file), "--source", SOURCE)
        assert (sent.returncode, "queued: " in sent.stderr) == (0, True), sent.stderr
        with Outbox(home / "outbox.db") as outbox:
            while len(outbox) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert len(outbox) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    told = run(home, served.url, "status", "--json")
    body = json.loads(told.stdout)
    assert (body["waiting"], body["aside"]) == (0, [])
    assert [state["stored"] for state in body["receipts"].values()] == [True] * len(body["receipts"])  # fmt: skip
    assert body["receipts"]


def test_what_is_refused_is_kept_and_shown(served: Running, home: Path, tmp_path: Path) -> None:
    stranger = f"/{REGION}/sppg/SPPG-9999-0001"
    file = tmp_path / "foreign.jsonl"
    foreign = json.loads(beats("foreign", 1)[0]) | {"source": stranger}
    file.write_bytes(b"\n".join([json.dumps(foreign).encode(), *beats("own", 1)]))
    sent = run(home, served.url, "send", str(file), "--source", SOURCE)
    assert (sent.returncode, "1 were refused" in sent.stderr) == (1, True), sent.stderr
    shown = run(home, served.url, "status", "--forget")
    assert (shown.returncode, "foreign_source" in shown.stdout) == (1, True)
    assert "Refused: 0" in run(home, served.url, "status").stdout

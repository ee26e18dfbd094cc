"""Stops, kills and a broker that is away: what ingest answered is on Kafka, and it says when it cannot take more."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import httpx
import pytest

from contracts.results.topics import SPPG_EVENTS
from engines.kafka.broker import KafkaBroker
from tests.examples import KITCHEN
from tests.ports import pick_port
from tests.producers.installation import (
    bearer,
    ingest,
    is_problem,
    lines_with,
    prepare,
    publish,
    read,
    temperature,
    token,
)
from tests.registry_small import SMALL

pytestmark = pytest.mark.real

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NIK = "3211081505900001"


def test_it_stops_cleanly_with_what_is_under_way(events_broker: str, tmp_path: Path) -> None:
    with ingest(events_broker, tmp_path, group_ms="700") as running:
        running.wait_ready()
        answers: list[httpx.Response] = []
        sender = threading.Thread(
            target=lambda: answers.append(running.post(temperature("stop-1"), KITCHEN))
        )
        sender.start()
        time.sleep(0.3)
        assert running.stop() == 0
        sender.join(10)
        assert [one.status_code for one in answers] == [202]
        assert lines_with(read(events_broker, SPPG_EVENTS), "stop-1")
        assert not (tmp_path / "run" / "ingest.json").exists()
        logged = running.log.read_text()
        assert token(KITCHEN) not in logged
        assert all(json.loads(raw)["service"] == "ingest" for raw in logged.splitlines())


def test_kill_9_loses_nothing_that_was_answered(events_broker: str, tmp_path: Path) -> None:
    answered: list[str] = []
    port = pick_port()

    def send(worker: int, url: str) -> None:
        with httpx.Client(headers=bearer(KITCHEN) | {"Content-Type": SINGLE}) as client:
            for number in range(2_000):
                one = f"kill-{worker}-{round_}-{number}"
                try:
                    answer = client.post(f"{url}/v1/events", content=temperature(one))
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    answered.append(one)

    for round_ in range(2):
        # Groups that wait this long are lost for sure if they are answered too early.
        with ingest(events_broker, tmp_path / str(round_), port, group_ms="50") as running:
            running.wait_ready()
            threads = [threading.Thread(target=send, args=(n, running.url)) for n in range(12)]
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 120
            while len(answered) < 50 * (round_ + 1) and time.monotonic() < deadline:
                time.sleep(0.02)
            running.process.kill()
            for thread in threads:
                thread.join(60)
    assert len(answered) >= 100
    stored = {got["id"] for _, got in lines_with(read(events_broker, SPPG_EVENTS), *answered)}
    assert stored == set(answered)


def test_without_broker_it_says_503_and_recovers(tmp_path: Path) -> None:
    broker = KafkaBroker(tmp_path / "kafka", pick_port())
    with ingest(broker.address, tmp_path / "data") as running:
        answer = running.post(temperature("down-0"), KITCHEN)
        is_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert not running.ready()
        with broker.running() as process:
            prepare(broker.address)
            publish(broker.address, SMALL)
            running.wait_ready()
            assert running.post(temperature("down-1"), KITCHEN).status_code == 202
            process.kill()
            process.wait(60)
            is_problem(running.post(temperature("down-2"), KITCHEN), 503)
            running.wait_ready(ready=False)
        with broker.running():
            running.wait_ready()
            assert running.post(temperature("down-2"), KITCHEN).status_code == 202
            stored = lines_with(read(broker.address, SPPG_EVENTS), "down-1", "down-2")
            assert {got["id"] for _, got in stored} == {"down-1", "down-2"}
        assert running.stop() == 0

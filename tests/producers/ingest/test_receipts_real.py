"""`GET /v1/receipts` of a real ingest on a real broker; what streams, the sink and the gateway would say is written by the test."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from contracts.receipts import read_receipt
from contracts.results.reached import LANDED, Reached, ShownTo, WallsAnswer, encode_progress
from contracts.results.topics import (
    AREA_WINDOWS,
    DEAD_LETTERS,
    PROGRESS,
    REGION_FEED,
    UNIT_WINDOWS,
    VERDICTS,
)
from contracts.time.clock import real_now_ms
from contracts.tokens import verify
from tests.examples import CLINIC, KITCHEN
from tests.producers.installation import KEY, Running, bearer, ingest, temperature, token

pytestmark = pytest.mark.real


class Gateway:
    """Answers as a gateway does; `shown` is what its walls were sent."""

    def __init__(self) -> None:
        self.shown: list[ShownTo] = []
        self.asked = 0
        outer = self

        class _Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                given = self.headers["Authorization"].removeprefix("Bearer ")
                assert verify(KEY, given, real_now_ms() / 1000, "service").sub == "ingest"
                assert self.path == "/v1/walls?region=32.11"
                body = msgspec.json.encode(WallsAnswer(outer.shown))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def until_loaded(running: Running) -> None:
    """Before progress has been read nothing is known, which is no `false`."""
    receipt = running.post(temperature("loaded"), KITCHEN).json()["receipt"]
    until(lambda: ask(running, receipt).status_code != 503)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def running(
    events_broker: str, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("receipts")
    with ingest(events_broker, folder, gateways=gateway.url) as one:
        one.wait_ready()
        until_loaded(one)
        yield one


def say(broker: str, writer: str, reached: list[Reached] | bytes) -> None:
    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
        await producer.start()
        value = reached if isinstance(reached, bytes) else encode_progress(reached)
        await producer.send_and_wait(PROGRESS, value, key=writer.encode())
        await producer.stop()

    asyncio.run(send())


def ask(running: Running, receipt: str, unit: str = KITCHEN) -> httpx.Response:
    return httpx.get(f"{running.url}/v1/receipts/{receipt}", headers=bearer(unit), timeout=30)


def state(running: Running, receipt: str) -> dict[str, Any]:
    answer = ask(running, receipt)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_404(answer: httpx.Response) -> None:
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_answer_is_followed_from_kafka_to_the_wall(running: Running, gateway: Gateway) -> None:
    answer = running.post(b"\n".join([temperature("way-1"), b"no json"]), KITCHEN)
    assert answer.status_code == 202
    receipt: str = answer.json()["receipt"]
    [event], [letter] = (said := read_receipt(KEY, receipt)).events, said.letters
    assert (said.source, said.region, letter.topic) == (KITCHEN, "32.11", DEAD_LETTERS)
    nothing = {"stored": True, "windows": False, "clickhouse": False, "walls": 0}
    assert state(running, receipt) == nothing

    past, due = event.offset + 1, said.due_ms
    place = (event.topic, event.partition)
    own = Reached(AREA_WINDOWS, REGION_FEED, 0, 1, due)
    areas = [Reached("area.windows/0", *place, past, due), own]
    say(running.broker, "area.windows/0", b"\xff no progress")
    say(running.broker, "area.windows/0", [Reached("area.windows/0", *place, past - 1, due), own])
    say(running.broker, "area.windows/0", areas)
    until(lambda: state(running, receipt) == nothing | {"windows": True})

    tables = [
        *areas,
        Reached(VERDICTS, *place, past, due),
        Reached(UNIT_WINDOWS, *place, past, due),
        Reached(LANDED, DEAD_LETTERS, 0, letter.offset + 1),
    ]
    say(running.broker, "sinks/tables", tables)
    time.sleep(0.5)
    assert not state(running, receipt)["clickhouse"], "its line has not landed"
    say(running.broker, "sinks/events", [Reached(LANDED, *place, past)])
    until(lambda: bool(state(running, receipt)["clickhouse"]))

    gateway.shown = [
        ShownTo(2, due, {f"{event.topic}/{event.partition}": past}),
        ShownTo(5, due, {f"{event.topic}/{event.partition}": past - 1}),
    ]
    until(lambda: state(running, receipt)["walls"] == 2)
    # Again, and after a restart: the copies are new records, and what was said stands.
    again = running.post(temperature("way-1"), KITCHEN).json()["receipt"]
    assert state(running, again) == nothing


def test_only_refused_events_are_acknowledged_too(running: Running) -> None:
    answer = running.post(b"{}", KITCHEN)
    assert answer.status_code == 422
    found = state(running, answer.json()["receipt"])
    assert found["stored"] and found["windows"] and not found["clickhouse"]


def test_a_receipt_is_its_source_s_alone(running: Running) -> None:
    receipt = running.post(temperature("own-1"), KITCHEN).json()["receipt"]
    is_404(ask(running, receipt, CLINIC))
    for other in (
        "x",
        "r1..",
        "r1.e30.e30",
        receipt[:-4],
        token(KITCHEN),
        "%00",
        "r1." + "A" * 9000,
    ):
        is_404(ask(running, other))
    bare = httpx.get(f"{running.url}/v1/receipts/{receipt}", timeout=30)
    assert bare.status_code == 401 and bare.headers["www-authenticate"].startswith("Bearer")


def test_asking_costs_of_the_device_s_share(running: Running) -> None:
    receipt = running.post(temperature("share-1"), KITCHEN).json()["receipt"]
    with httpx.Client(headers=bearer(KITCHEN), timeout=30) as client:
        found = {
            client.get(f"{running.url}/v1/receipts/{receipt}").status_code for _ in range(1500)
        }
    if found != {200}:  # a machine too slow to reach the limit shows nothing
        assert found == {200, 429}


def test_a_dead_gateway_has_no_walls_and_harms_nothing(events_broker: str, tmp_path: Path) -> None:
    with ingest(events_broker, tmp_path, gateways="http://127.0.0.1:9") as alone:
        alone.wait_ready()
        until_loaded(alone)
        receipt = alone.post(temperature("dead-1"), KITCHEN).json()["receipt"]
        assert state(alone, receipt)["walls"] == 0


def test_an_operator_sees_the_newest_of_all_devices(running: Running) -> None:
    headers = {"Authorization": f"Bearer {token('status', 'service')}"}
    for number in range(25):
        running.post(temperature(f"recent-{number}"), KITCHEN)
    found = httpx.get(f"{running.url}/v1/receipts", headers=headers, timeout=30).json()
    assert len(found) == 20 and {one["source"] for one in found} == {KITCHEN}
    assert all(one["state"]["stored"] for one in found)
    assert httpx.get(f"{running.url}/v1/receipts", headers=bearer(KITCHEN)).status_code == 401

"""`python -m bench.schools`: every recipient of the region answers once within some minutes, beside the simulated kitchens.

    1,400 phones, one connection and one event each --> ingest --> ... --> gateway --> this process's socket

Each sends who is present, at a set moment, as a phone does: a connection for one request. Of one at a time the receipt is
followed until it says that the event is in ClickHouse and on this wall; at the end ClickHouse is asked for all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import websockets

from bench.ground import REGION, installation, machine, output_options, publish
from bench.http_connection import LoadConnection
from bench.latency.wall_reader import Wall
from bench.schools.schools_report import Answers, write
from chassis import logs
from chassis.clocks import load_clock
from chassis.regions.region_folder import load_region
from chassis.settings import Settings
from contracts.registry.region_rows import Recipient
from contracts.time.clock import Clock, real_now_ms, rfc3339
from pantau.installation import ROOT

_AGAIN_S: Final = 5.0
_ASK_S: Final = 0.1
_GIVE_UP_S: Final = 60.0
_STORED_S: Final = 60.0


class School:
    """One recipient's phone. As the form does, it sends the same bytes again after 429 and 503."""

    def __init__(self, ingest: str, one: Recipient, token: str, clock: Clock) -> None:
        self._one = one
        self._clock = clock
        self._ingest, self._token = ingest, token
        self.id = str(uuid.uuid4())

    async def post(self) -> tuple[str, float, int]:
        """The receipt; seconds until the 202; how often it was sent again. Raises `RuntimeError` for any other answer."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/{REGION}/recipient/{self._one.recipient_id}",
            "type": "recipient.attendance.reported",
            "time": rfc3339(self._clock.now_ms()),
            "data": {"present": self._one.registered, "absent_ill": 0},
        }
        body, started, again = json.dumps(event).encode(), time.monotonic(), 0
        while True:
            connection = LoadConnection(self._ingest, self._token)
            await connection.connect()
            try:
                answer = await connection.post("/v1/events", body, "application/cloudevents+json")
            except RuntimeError as error:
                if not re.search(r"HTTP/1.1 (429|503)", str(error)):
                    raise
                again += 1
                await asyncio.sleep(_AGAIN_S)
            else:
                return json.loads(answer)["receipt"], time.monotonic() - started, again
            finally:
                connection.close()

    async def follow(self, receipt: str) -> tuple[float, float]:
        """Seconds until the receipt says ClickHouse, and a wall. Raises `TimeoutError`."""
        started = time.monotonic()
        stored = shown = 0.0
        connection = LoadConnection(self._ingest, self._token)
        await connection.connect()
        async with asyncio.timeout(_GIVE_UP_S):
            while not (stored and shown):
                state = json.loads(await connection.get(f"/v1/receipts/{receipt}"))
                now_s = time.monotonic() - started
                stored = stored or (now_s if state["clickhouse"] else 0.0)
                shown = shown or (now_s if state["walls"] else 0.0)
                await asyncio.sleep(_ASK_S)
        connection.close()
        return stored, shown


async def answer_all(schools: Sequence[School], seconds: float) -> Answers:
    """All post, each at a moment of its own; of one at a time the receipt is followed."""
    dice = Random(1)
    moments = sorted(dice.uniform(0, seconds) for _ in schools)
    answers = Answers([], [], [], [])
    is_free = asyncio.Semaphore(1)
    start = time.monotonic()

    async def one(school: School, at_s: float) -> None:
        await asyncio.sleep(max(0.0, start + at_s - time.monotonic()))
        receipt, answered_s, again = await school.post()
        answers.answered.append(answered_s)
        answers.again.append(again)
        if not is_free.locked():
            async with is_free:
                stored, shown = await school.follow(receipt)
                answers.stored.append(stored)
                answers.shown.append(shown)

    async with asyncio.TaskGroup() as group:
        for school, at_s in zip(schools, moments, strict=True):
            group.create_task(one(school, at_s))
    return answers


async def measure(
    ready: dict[str, Any], tokens: dict[str, Any], seconds: float
) -> tuple[Answers, int]:
    """The answers, and how many of their events ClickHouse holds at the end."""
    data_dir = Path(ready["tokens"]).parent.parent
    clock = load_clock(Settings(data_dir=data_dir, clock="demo"))
    registry = load_region(ROOT / "regions" / REGION)
    schools = [
        School(ready["ingest"], one, tokens["devices"][one.recipient_id], clock)
        for one in registry.recipients
    ]
    address = ready["wall"].split("/#")[0].replace("http", "ws", 1) + "/ws"
    async with websockets.connect(address, subprotocols=["pantau.v1"], max_size=None) as socket:  # type: ignore[list-item]
        wall = Wall([], REGION)
        await wall.begin(socket, tokens["wall"])
        reading = asyncio.create_task(wall.read(socket))
        answers = await answer_all(schools, seconds)
        reading.cancel()
    return answers, await _stored(ready, tokens, [school.id for school in schools])


async def _stored(ready: dict[str, Any], tokens: dict[str, Any], ids: Sequence[str]) -> int:
    """How many of the events ClickHouse holds exactly once, as soon as that is all of them, or after a minute."""
    wanted = ", ".join(f"'{one}'" for one in ids)
    query = f"SELECT countIf(n = 1) FROM (SELECT count() AS n FROM pantau.events WHERE id IN ({wanted}) GROUP BY id)"
    login = (tokens["analyst"]["user"], tokens["analyst"]["password"])
    deadline = time.monotonic() + _STORED_S
    async with httpx.AsyncClient(auth=login) as client:
        while True:
            answer = await client.post(ready["clickhouse"], content=query)
            answer.raise_for_status()
            if int(answer.text) == len(ids) or time.monotonic() > deadline:
                return int(answer.text)
            await asyncio.sleep(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/schools.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.schools", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    with installation("--simulate") as ready:
        tokens = json.loads(Path(ready["tokens"]).read_bytes())
        answers, stored = asyncio.run(measure(ready, tokens, options.minutes * 60))
    publish(write(answers, stored, options.minutes, where, when), "schools.md", options)


if __name__ == "__main__":
    main()

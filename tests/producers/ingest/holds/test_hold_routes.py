"""A real ingest and broker: who must stop is shown it, and what it confirms is one signed command."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, Final

import httpx
import pytest

from chassis.feeds.command_record import command_record
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import Place
from chassis.kafka.log import KafkaAccess
from chassis.kafka.sending import KafkaSender
from contracts.commands import Command, Confirm, Hold, Release, decode_command
from contracts.results.topics import COMMAND, COMMANDS, control_of
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.producers.installation import KEY, Running, bearer, ingest, is_problem

pytestmark = pytest.mark.real

OTHER: Final = "npsn:20208124"


def say(served: Running, *commands: Command, key: bytes = KEY) -> None:
    async def send() -> None:
        sender = KafkaSender(Cluster(served.broker))
        await sender.open()
        await sender.send([command_record(key, command, 1) for command in commands])
        await sender.close()

    asyncio.run(send())


def commands(served: Running) -> list[Command]:
    async def found() -> list[Command]:
        async with KafkaAccess(Cluster(served.broker)).reader() as reader:
            return [
                decode_command(record.value or b"")
                async for records in reader.read_to_end(Place(COMMANDS, 0))
                for record in records
                if control_of(KEY, record) == COMMAND
            ]

    return asyncio.run(found())


def hold(*recipients: str) -> Hold:
    return Hold(
        id=uuid.uuid4().hex, region=REGION, alert_id="a", by="ratna", note="uji gagal",
        unit=KITCHEN, batch="B-1", recipients=recipients,
    )  # fmt: skip


def shown(served: Running, source: str, order: Hold) -> dict[str, Any] | None:
    answer = httpx.get(f"{served.url}/v1/holds", headers=bearer(source))
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    found = [one for one in answer.json()["holds"] if one["id"] == order.shown_as]
    return dict(found[0]) if found else None


def until_shown(served: Running, source: str, order: Hold, **wanted: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        one = shown(served, source, order)
        if one is not None and all(one[name] == value for name, value in wanted.items()):
            return one
        assert time.monotonic() < deadline, one
        time.sleep(0.05)


def confirm(served: Running, source: str, order: Hold, body: Any) -> httpx.Response:
    url = f"{served.url}/v1/holds/{order.shown_as}/confirm"
    return httpx.post(url, json=body, headers=bearer(source))


def test_who_got_the_batch_is_asked_and_confirms_once(served: Running) -> None:
    order = hold(SCHOOL, OTHER)
    say(served, order)
    one = until_shown(served, SCHOOL, order)
    assert one["ordered_at"].endswith("Z")
    assert (one["batch"], one["kitchen_name"], one["note"]) == (
        "B-1", f"Satuan {KITCHEN}", "uji gagal"
    )  # fmt: skip
    assert (one["asks"], one["confirmed_at"], one["recipients"], one["confirmed"]) == (
        True, None, 2, 0
    )  # fmt: skip
    assert not until_shown(served, KITCHEN, order)["asks"], "the kitchen sees it, and is not asked"
    assert shown(served, CLINIC, order) is None

    first = confirm(served, SCHOOL, order, {"eaten": True})
    again = confirm(served, SCHOOL, order, {"eaten": False})
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    until_shown(served, KITCHEN, order, confirmed=1)
    assert until_shown(served, SCHOOL, order)["confirmed_at"] is not None
    assert confirm(served, SCHOOL, order, {"eaten": False}).status_code == 202

    mine = [
        one
        for one in commands(served)
        if isinstance(one, Confirm) and one.alert_id == order.shown_as
    ]
    assert len({one.id for one in mine}) == 1
    assert (mine[0].by, mine[0].eaten, mine[0].region) == (SCHOOL, True, REGION)

    say(served, Release(id="r", region=REGION, alert_id=order.shown_as, by="ratna", note="baik"))
    deadline = time.monotonic() + 30
    while shown(served, SCHOOL, order) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    is_problem(confirm(served, SCHOOL, order, {"eaten": False}), 404)


def test_what_is_refused(served: Running) -> None:
    order = hold(SCHOOL)
    forged = hold(SCHOOL)
    say(served, forged, key=bytes(32))
    say(served, order)
    until_shown(served, SCHOOL, order)
    assert shown(served, SCHOOL, forged) is None, "a stranger's command is none"
    bodies: list[Any] = [{}, {"eaten": 1}, [], None]
    for body in bodies:
        is_problem(confirm(served, SCHOOL, order, body), 400)
    is_problem(confirm(served, OTHER, order, {"eaten": False}), 404)
    is_problem(confirm(served, KITCHEN, order, {"eaten": False}), 404)
    assert httpx.get(f"{served.url}/v1/holds").status_code == 401
    headers = bearer(SCHOOL)
    url = f"{served.url}/v1/holds/{order.shown_as}/confirm"
    assert httpx.post(url, content=b"x" * 5000, headers=headers).status_code == 413


def test_the_holds_are_there_again_after_a_restart(
    events_broker: str, served: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    order = hold(SCHOOL)
    say(served, order)
    with ingest(events_broker, tmp_path_factory.mktemp("again")) as other:
        other.wait_ready()
        until_shown(other, SCHOOL, order)

"""`pantau dead-letters` beside a running installation: what is mended arrives, and who did what stays on record."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from contracts.events.partition import partition_of
from contracts.results.topics import SPPG_EVENTS
from tests.e2e.day import Day, now
from tests.e2e.installation import REGION, Event, Installation, run, until


def _heartbeat(unit: str, id_: str, **more: Any) -> Event:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": f"/{REGION}/sppg/{unit}",
        "type": "unit.heartbeat",
        "time": now().isoformat(timespec="milliseconds"),
        "data": {"outbox": 0, "version": "1"},
    } | more


async def _produce(installation: Installation, partition: int, events: list[Event]) -> None:
    producer = AIOKafkaProducer(**installation.cluster.client())
    await producer.start()
    try:
        for event in events:
            await producer.send_and_wait(
                SPPG_EVENTS, json.dumps(event).encode(), partition=partition
            )
    finally:
        await producer.stop()


@pytest.fixture
def letters(installation: Installation, day: Day) -> dict[str, str]:
    """Five letters of one kitchen: event id or code -> letter id."""
    unit = day.kitchens[1]
    wrong = [_heartbeat(unit, f"astray-{n}") for n in range(3)]
    # Two partitions: the other one is the wrong one.
    asyncio.run(_produce(installation, 1 - partition_of(unit, 2), wrong))
    bad = [_heartbeat(unit, "no-type", type="no.such"), _heartbeat(unit, "3211010101010001")]
    body = "\n".join(map(json.dumps, bad)).encode()
    assert installation.send(unit, body, "application/x-ndjson").status_code == 422
    asked = (
        "SELECT letter_id, code FROM pantau.dead_letters WHERE state = 'open' "
        f"AND unit_id = '{unit}' AND code IN ('wrong_partition', 'unknown_type', 'nik') ORDER BY offset"
    )
    until(lambda: len(installation.query(asked)) >= 5, 60, 1)
    found = [(str(row["code"]), str(row["letter_id"])) for row in installation.query(asked)]
    astray = [id_ for code, id_ in found if code == "wrong_partition"]
    installation.accepted += wrong
    return {f"astray-{n}": id_ for n, id_ in enumerate(astray)} | dict(found[:2])


def test_mended_letters_arrive_and_all_is_on_record(
    installation: Installation, day: Day, letters: dict[str, str]
) -> None:
    unit = day.kitchens[1]

    def command(*words: str) -> Any:
        return run("dead-letters", *words, "--data-dir", str(installation.home))

    def states() -> dict[str, tuple[str, int]]:
        sql = f"SELECT letter_id, state, attempts FROM pantau.dead_letters WHERE unit_id = '{unit}'"
        found = {row["letter_id"]: (row["state"], row["attempts"]) for row in installation.query(sql)}  # fmt: skip
        return {name: found[id_] for name, id_ in letters.items()}

    listed = command("list", "--unit", unit, "--code", "wrong_partition")
    assert listed.returncode == 0 and all(letters[f"astray-{n}"] in listed.stdout for n in range(3))
    shown = json.loads(command("show", letters["nik"]).stdout)
    assert "3211010101010001" not in str(shown) and shown["actions"] == []

    chosen = ("retry", "--unit", unit, "--limit", "10000")
    rehearsed = command(*chosen, "--dry-run")
    assert "4 would be sent, 1 not" in rehearsed.stderr and "should pass" in rehearsed.stdout
    assert set(states().values()) == {("open", 1)}
    sent = command(*chosen, "--by", "ani", "--reason", "producer mended")
    assert (sent.returncode, "4 sent, 1 not" in sent.stderr) == (0, True), sent.stderr
    wanted = {f"astray-{n}": ("sent", 2) for n in range(3)} | {
        "unknown_type": ("open", 2),
        "nik": ("open", 1),
    }
    until(lambda: states() == wanted, 60, 1)
    # In the order in which they came, each once.
    events = f"SELECT id FROM pantau.events WHERE unit_id = '{unit}' AND id LIKE 'astray-%'"
    until(lambda: len(installation.query(events)) == 3, 60, 1)
    told = command("discard", letters["unknown_type"], letters["nik"], "--reason", "test", "--by", "budi")  # fmt: skip
    assert told.returncode == 0, told.stderr
    until(lambda: states()["nik"] == ("discarded", 1), 60, 1)
    assert states()["unknown_type"] == ("discarded", 2)
    actions = json.loads(command("show", letters["unknown_type"]).stdout)["actions"]
    assert [(one["action"], one["attempt"], one["by"]) for one in actions] == [
        ("retry", 2, "ani"),
        ("discard", 0, "budi"),
    ]
    again = command("retry", letters["nik"])
    assert (again.returncode, "discarded, not open" in again.stderr) == (1, True)
    assert "no such letter" in command("show", "nothing").stderr

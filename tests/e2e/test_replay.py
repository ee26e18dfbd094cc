"""`pantau replay` on an installation that works: the same rows from a new generation, and never a wrong one shown."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import websockets
from clickhouse_connect.driver.client import Client

from chassis.kafka.admin import delete_topics
from contracts.results.public_rows import VIEWS
from contracts.results.topics import generation_of_topic
from pantau.installation import ROOT, running_settings
from storage import generation_tables
from storage.clickhouse_client import open_writer
from tests.chaos import check
from tests.chaos.history import Ledger, sources
from tests.chaos.load import devices, post_for
from tests.e2e.installation import REGION, Installation, children, environment, pantau, run, until

pytestmark = pytest.mark.long

_POSTED_S = 8.0
Rows = dict[tuple[Any, ...], tuple[Any, ...]]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Ledger]]:
    """An installation with a random history of thirty days. Each test goes on from where the one before has left it."""
    one = Installation(tmp_path_factory.mktemp("replay") / "data", "--dev-tokens")
    try:
        one.start()
        ledger = Ledger()
        _post(one, ledger, seed=1, seconds=_POSTED_S)
        yield one, ledger
        assert one.stop() == ""
    finally:
        one.kill()


def _post(installation: Installation, ledger: Ledger, seed: int, seconds: float) -> None:
    url, tokens = installation.ready["ingest"], installation.tokens()["devices"]
    posting = devices(sources(ROOT / "regions" / REGION, Random(1), 4, 2), seed)
    for number, device in enumerate(posting):
        device._number = seed * 100_000 + number
    asyncio.run(post_for(seconds, url, tokens, posting, ledger))


@contextmanager
def _replay(installation: Installation, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = pantau("replay", *options, "--data-dir", str(installation.home))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def _writer(installation: Installation) -> Client:
    return open_writer(running_settings(installation.home))


def _rows(installation: Installation, before: str) -> Rows:
    """Every row that was due at `before`, without what tells one generation from another or changes with the clock alone."""
    found: Rows = {}
    last = "toIntervalSecond(if(window IN ('15m', '1h'), 300, 86400))"
    for view, columns in VIEWS.items():
        names = ", ".join(
            f"`{c.name}`" for c in columns if c.name not in ("revision", "updated_at", "is_final")
        )
        key = "level, area_id, window, window_end" + (", `group`" if view == "coverage" else "")
        client = installation.analyst()
        sql = (
            f"SELECT ({key}), ({names}) FROM pantau.{view} WHERE window_end - {last} <= '{before}'"
        )
        for identity, row in client.query(sql).result_rows:
            assert (view, *identity) not in found
            found[view, *identity] = row
        client.close()
    return found


def _now(installation: Installation) -> str:
    return str(installation.query("SELECT toString(now('UTC') - 600) AS t")[0]["t"])


def _shown(installation: Installation) -> dict[str, int]:
    kept: dict[str, int] = installation.status()["generations"]
    return kept


class Watcher(threading.Thread):
    """A wall that stays connected: each epoch and the rows that its snapshot held."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self._installation = installation
        self.stop = threading.Event()
        self.snapshots: list[tuple[str, int]] = []

    def run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        url = self._installation.gateway.replace("http", "ws") + "/ws"
        async with websockets.connect(url, subprotocols=["pantau.v1"], max_size=1 << 24) as socket:  # type: ignore[list-item]
            token = self._installation.tokens()["wall"]
            await socket.send(json.dumps({"op": "auth", "token": token}))
            topics = ["performance", "coverage"]
            await socket.send(json.dumps({"op": "subscribe", "region": REGION, "topics": topics}))
            rows = 0
            while not self.stop.is_set():
                try:
                    frame = json.loads(await asyncio.wait_for(socket.recv(), 1))
                except TimeoutError:
                    continue
                if frame["op"] == "snapshot":
                    rows = len(frame["rows"]) + (rows if frame["part"] > 1 else 0)
                    if frame["part"] == frame["parts"]:
                        self.snapshots.append((frame["epoch"], rows))


def test_a_replay_that_is_killed_harms_nothing(replayed: tuple[Installation, Ledger]) -> None:
    installation, _ = replayed
    check.settle(installation)
    due = _now(installation)
    before = _rows(installation, due)
    with _replay(installation) as process:
        until(lambda: (installation.home / "run" / "streams.g2.json").exists(), 120)
        ours = list(children(process.pid))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ours), 30)
    assert _shown(installation) == {"shown": 1, "newest": 2, "previous": 0}
    assert _rows(installation, due) == before


def test_what_the_audit_contradicts_is_not_shown(replayed: tuple[Installation, Ledger]) -> None:
    installation, _ = replayed
    client = _writer(installation)
    number = _shown(installation)["newest"] + 1
    with _replay(installation) as process:
        until(lambda: number in generation_tables.existing(client), 120)
        until(lambda: _count(client, f"performance_g{number}") > 1000, 120)
        client.command(
            f"INSERT INTO pantau_store.performance_g{number} SELECT * REPLACE ('SPPG-3211-9999' AS area_id, 1 AS revision) "
            "FROM pantau_store.performance WHERE level = 'unit' AND window = '15m' LIMIT 1"
        )
        _, told = process.communicate(timeout=600)
    assert process.returncode == 1, told
    assert "SPPG-3211-9999" in told and "is not shown" in told and "Traceback" not in told
    assert _shown(installation)["shown"] == 1
    assert generation_tables.shown(client) == 1
    assert generation_tables.existing(client) == {1, number}, "what a killed replay left is gone"


def _act(installation: Installation) -> None:
    """At the desk somebody takes note of an alert of each kind, and stops a batch at two recipients; one confirms."""
    opened = "SELECT kind, min(id) AS id FROM pantau.alerts WHERE state = 'raised' AND kind != 'hold' GROUP BY kind"
    # Who acknowledges while alerts still change comes between two changes here, and behind both in a replay: what is received is
    # judged two minutes later, a command at once (`_COMMAND_LEAD_MS` of region_alerts).
    posted_at = str(
        installation.query("SELECT toString(max(received_at)) AS t FROM pantau.events")[0]["t"]
    )
    until(lambda: _watermark(installation) > posted_at, 240, 1)
    until(lambda: len(installation.query(opened)) > 1, 180, 1)
    desk = installation.desk("desk")
    ids = [str(row["id"]) for row in installation.query(opened)]
    for identity in ids:
        answer = desk.post(f"/v1/alerts/{identity}/ack", json={"note": "kami telepon"})
        assert answer.status_code == 202, answer.text
    proposed = desk.get(f"/v1/alerts/{_of_kitchen(installation)}/hold").json()
    recipients = [one["id"] for one in proposed["recipients"]][:2]
    order = {"batch": "B-2", "recipients": recipients, "note": "Uji nitrit gagal."}
    url = f"/v1/alerts/{_of_kitchen(installation)}/hold"
    hold = desk.post(url, json=order).json()["hold"]
    token = installation.tokens()["devices"][recipients[0]]
    form = httpx.Client(base_url=installation.ready["ingest"], timeout=60)
    form.headers["Authorization"] = f"Bearer {token}"
    confirm = f"/v1/holds/{hold}/confirm"
    until(lambda: form.post(confirm, json={"eaten": True}).status_code == 202, 60, 1)
    noted = f"SELECT uniqExact(id) AS n FROM pantau.alert_history WHERE acknowledged_by != '' AND id IN {tuple(ids)}"
    until(lambda: installation.query(noted)[0]["n"] == len(ids), 60, 1)
    confirmed = f"SELECT evidence.confirmed_count AS n FROM pantau.alerts WHERE id = '{hold}'"
    until(lambda: [row["n"] for row in installation.query(confirmed)] == [1], 60, 1)


def _watermark(installation: Installation) -> str:
    stages = installation.status()["stages"]
    return min(str(one["watermark"] or "") for one in stages if one["stage"] == "area.windows")


def _of_kitchen(installation: Installation) -> str:
    asked = """SELECT min(id) AS id FROM pantau.alerts WHERE kind = 'certificate' AND unit_id IN (
SELECT unit_id FROM pantau.recipients GROUP BY unit_id HAVING uniqExact(recipient_id) > 1)"""
    return str(installation.query(asked)[0]["id"])


def _alert_changes(installation: Installation, until_: str = "") -> tuple[list[str], str]:
    """Every change of every alert up to a moment, without its number and the last digits of sums; the last moment."""
    where = f"WHERE updated_at <= '{until_}'" if until_ else ""
    rows = installation.query(
        "SELECT * EXCEPT (revision, evidence), toString(evidence) AS evidence FROM pantau.alert_history "
        f"{where} ORDER BY id, revision"
    )
    for row in rows:
        row["evidence"] = json.loads(row["evidence"], parse_float=_nine_digits)
    moments = [str(row["updated_at"]) for row in rows]
    return [json.dumps(row, default=str) for row in rows], max(moments)


def _nine_digits(number: str) -> float:
    return float(f"{float(number):.9g}")


def _count(client: Client, table: str) -> int:
    return int(client.query(f"SELECT count() FROM pantau_store.{table}").result_rows[0][0])


def test_the_same_rows_are_shown_from_a_new_generation(
    replayed: tuple[Installation, Ledger],
) -> None:
    installation, ledger = replayed
    _act(installation)
    check.settle(installation)
    due = _now(installation)
    before = _rows(installation, due)
    changes, last_change = _alert_changes(installation)
    number = _shown(installation)["newest"] + 1
    letters = installation.query("SELECT count() AS n FROM pantau.dead_letters")
    watcher = Watcher(installation)
    watcher.start()
    until(lambda: bool(watcher.snapshots), 60)
    with _replay(installation) as process:
        out, told = process.communicate(timeout=600)
    assert process.returncode == 0, told
    assert out == f"generasi yang ditampilkan: {number}\n"
    assert _shown(installation) == {"shown": number, "newest": number, "previous": 1}
    after = _rows(installation, due)
    assert len(before) > 1000
    wrong = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    assert not wrong, (len(wrong), [(key, before.get(key), after.get(key)) for key in wrong[:3]])
    again = _alert_changes(installation, last_change)[0]
    differing = [pair for pair in zip_longest(changes, again) if pair[0] != pair[1]]
    assert not differing, (len(changes), len(again), len(differing), differing[:3])
    assert installation.query("SELECT count() AS n FROM pantau.dead_letters") == letters
    until(lambda: len({epoch for epoch, _ in watcher.snapshots}) == 2, 60)
    watcher.stop.set()
    watcher.join(30)
    (_, rows), *_, (_, last) = watcher.snapshots
    assert last >= rows * 0.9, "a snapshot of the new generation is whole"
    until(lambda: bool(installation.status()["fine"]), 180, 1)
    _post(installation, ledger, seed=2, seconds=4)
    check.settle(installation)
    check.events_are_those_posted(installation, ledger)
    check.wall_shows_what_is_stored(installation)
    check.audit_is_empty(installation)


def test_posting_goes_on_while_the_old_generation_comes_back(
    replayed: tuple[Installation, Ledger],
) -> None:
    installation, ledger = replayed
    number = _shown(installation)["shown"]
    poster = threading.Thread(target=_post, args=(installation, ledger, 3, 20))
    poster.start()
    with _replay(installation, "--back") as process:
        _, told = process.communicate(timeout=600)
    poster.join(120)
    assert process.returncode == 0, told
    assert _shown(installation) == {"shown": 1, "newest": number, "previous": number}
    until(lambda: bool(installation.status()["fine"]), 180, 1)
    check.settle(installation)
    check.events_are_those_posted(installation, ledger)
    check.wall_shows_what_is_stored(installation)
    check.audit_is_empty(installation)
    dropped = run("replay", "--drop-old", "--data-dir", str(installation.home))
    assert dropped.returncode == 0 and dropped.stdout == f"generasi yang dihapus: {number}\n"
    assert generation_tables.existing(_writer(installation)) == {1}
    names = delete_topics(installation.cluster, lambda name: (generation_of_topic(name) or 1) > 1)  # fmt: skip
    assert not names, "nothing of the old ones is left to delete"

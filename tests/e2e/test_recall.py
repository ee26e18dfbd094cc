"""A batch is held at nine schools: ordered at the desk, confirmed by nine forms, counted by the wall and in the store."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any, Final

import httpx

from chassis.datadir import DataDir
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, enrol_claims, issue
from pantau.installation import ROOT
from tests.e2e.day import FOLDER
from tests.e2e.installation import REGION, Installation, environment, until

_NODE: Final = ROOT / ".venv" / "bin" / "node"
_NINE: Final = 9


def alerts(installation: Installation) -> list[dict[str, Any]]:
    """Of a kitchen with nine recipients or more, that are lines of the desk."""
    answer = httpx.get(
        f"{installation.gateway}/v1/state",
        params={"region": REGION, "topics": "alerts"},
        headers=installation.wall(),
        timeout=60,
    )
    return [
        row
        for row in answer.json().get("rows", [])
        if row["state"] == "raised"
        and row["kind"] != "hold"
        and len(FOLDER.fed_by(row["unit_id"])) >= _NINE
        and "part_of" not in row["evidence"]
    ]


def test_nine_schools_stop_and_the_wall_counts_them(
    installation: Installation, tmp_path: Path
) -> None:
    # Missing certificates are raised two minutes after the region is known.
    until(lambda: bool(alerts(installation)), 300, 1.0)
    row = alerts(installation)[0]
    kitchen = row["unit_id"]
    nine = FOLDER.fed_by(kitchen)[:_NINE]
    key, now_ms = DataDir(installation.home).key(), real_now_ms()
    wall = issue(key, Claims("code", "uji", uuid.uuid4().hex, now_ms // 1000 + 600))
    person = installation.tokens()["desk"]["desk"]
    asked = {
        "gateway": installation.gateway,
        "ingest": installation.ready["ingest"],
        "wall": f"{installation.gateway}/#code={wall}",
        "user": person["user"],
        "password": person["password"],
        "alert": f"{row['short_id']} ·",
        "schools": [
            {
                "name": FOLDER.recipients[one]["name"],
                "code": issue(key, enrol_claims(one, now_ms)),
            }
            for one in nine
        ],
        "shots": str(tmp_path),
    }
    script = str(Path(__file__).with_name("recall.mjs"))
    done = subprocess.run(
        [str(_NODE), script, json.dumps(asked)],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"complaints": []}

    stored = (
        "SELECT evidence.confirmed_count AS n, evidence.eaten_count AS eaten, "
        "evidence.minutes_to_last AS minutes, evidence.because_of AS cause, evidence.ordered_by AS who "
        "FROM pantau.alerts WHERE kind = 'hold' AND subject = 'B-9'"
    )
    until(lambda: [one["n"] for one in installation.query(stored)] == [_NINE], 60)
    [found] = installation.query(stored)
    assert (found["eaten"], found["cause"]) == (1, row["id"])
    assert found["who"] == person["user"] and 0 <= found["minutes"] < 30
    changes = installation.query(
        "SELECT count() AS n FROM pantau.alert_history WHERE kind = 'hold' AND subject = 'B-9'"
    )
    assert changes == [{"n": 1 + _NINE}], "the order and nine answers, each once"
    step = f"SELECT toString(evidence.steps) AS steps FROM pantau.alerts WHERE id = '{row['id']}'"
    assert person["user"] in installation.query(step)[0]["steps"]

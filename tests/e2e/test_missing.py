"""Who has not reported: by what has arrived, until the moment asked about."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from contracts.time.clock import real_now_ms, rfc3339
from contracts.time.days import iso_to_day
from pantau.cli import build
from pantau.missing_facts import ReportedDay, newest_ms, reported_day
from tests.e2e.day import FOLDER, Day, now
from tests.e2e.installation import REGION, Installation, until

DAY_MS = 86_400_000


def _event(source: str, type_: str, id_: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = "recipient" if source in FOLDER.recipients else "sppg"
    return {
        "specversion": "1.0", "id": id_, "source": f"/{REGION}/{kind}/{source}", "type": type_,
        "time": rfc3339(real_now_ms()), "data": data, **more,
    }  # fmt: skip


def _report(installation: Installation, event: dict[str, Any]) -> None:
    """By a recipient: it is none of the events of kitchens from which other tests compute what the views hold."""
    source = event["source"].rpartition("/")[2]
    body, kind = json.dumps(event).encode(), "application/cloudevents+json"
    until(lambda: installation.send(source, body, kind).status_code == 202, 60, 1)


def test_who_has_not_reported(installation: Installation, day: Day) -> None:
    before_ms = real_now_ms() - 1000
    local = FOLDER.local_day(now())
    start_ms = round(FOLDER.midnight(local).timestamp() * 1000)
    schools = [*FOLDER.recipients]
    present, declined, silent = schools[-2], schools[-3], schools[-4]
    *_, quiet, took_back = (one for one in FOLDER.kitchens if one not in day.kitchens)
    groups = {"present": {}, "absent_ill": 0}
    _report(installation, _event(present, "recipient.attendance.reported", "m-1", groups))
    none = {"groups": [], "reason": "exam"}
    _report(installation, _event(declined, "recipient.service.declined", "m-2", none))
    fed = FOLDER.fed_by(took_back)[0]
    came = {"trip": "T", "batch": "B", "portions": 9, "temp_c": 63.5, "cooked_at": rfc3339(real_now_ms() - 60_000)}  # fmt: skip
    installation.post(
        took_back,
        [
            _event(took_back, "sppg.delivery.received", "m-3", came, subject=fed),
            _event(took_back, "event.retracted", "m-4", {"reason": "salah"}, supersedes="m-3"),
        ],
    )
    client = installation.analyst()

    def asked(by_ms: int) -> ReportedDay:
        day_number = iso_to_day(str(local))
        return reported_day(client, REGION, day_number, start_ms, start_ms + DAY_MS, by_ms)

    def arrived() -> bool:
        found = asked(real_now_ms())
        return {*day.kitchens, present, declined} <= found.reported and declined in found.declined

    until(arrived, 60, 1)
    until(lambda: took_back not in asked(real_now_ms()).reported, 60, 1)
    assert not {quiet, silent} & asked(real_now_ms()).reported
    assert not {present, declined} & asked(before_ms).reported, "by then nothing had arrived"
    assert newest_ms(client, REGION, start_ms)

    command = ["missing", "--json", "--data-dir", str(installation.home)]
    answer = CliRunner().invoke(build(), command, catch_exceptions=False)
    listed = json.loads(answer.stdout)
    missing = {one["unit_id"] for one in listed["missing"]}
    assert len(missing) <= listed["due"] and listed["data_until"]
    assert not missing & {*day.kitchens, present, declined}
    text = CliRunner().invoke(build(), [*command[:1], *command[2:]], catch_exceptions=False).stdout
    assert text.startswith("*Belum melapor*, ")
    # The desk asks the live map about an earlier moment: whom it names, the views name too.
    at_desk = installation.desk("desk").get("/v1/desk/missing").json()
    assert {one["unit_id"] for one in at_desk["missing"]} <= missing
    assert at_desk["due"] <= listed["due"]

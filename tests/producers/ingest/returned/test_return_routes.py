"""A real ingest and broker: a source sees what was returned to it until it has answered, also after a restart."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, Final

import httpx
import pytest

from contracts.commands import AnswerReturn, ReturnReport
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.producers.ingest.holds.test_hold_routes import commands, say
from tests.producers.installation import Running, bearer, ingest, line

pytestmark = pytest.mark.real

_TYPE: Final = "recipient.meal.eaten"


def returned(event: str, unit: str = SCHOOL) -> ReturnReport:
    return ReturnReport(
        id=uuid.uuid4().hex, region=REGION, by="ratna", note="sisa lebih dari porsi", unit=unit,
        event=event, type=_TYPE,
    )  # fmt: skip


def shown(served: Running, source: str = SCHOOL) -> dict[str, dict[str, Any]]:
    answer = httpx.get(f"{served.url}/v1/returned", headers=bearer(source))
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    return {one["id"]: one for one in answer.json()["returned"]}


def wait_shown(served: Running, event: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while (found := shown(served).get(event)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_what_is_returned_is_shown_to_its_source_until_it_answers(
    served: Running, events_broker: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    corrected, retracted, open_, new, back = (uuid.uuid4().hex for _ in range(5))
    orders = [returned(one) for one in (corrected, retracted, open_)]
    forged = returned(uuid.uuid4().hex)
    say(served, forged, key=bytes(32))
    say(served, *orders)
    one = wait_shown(served, open_)
    assert (one["command"], one["type"], one["note"]) == (
        orders[2].id, _TYPE, "sisa lebih dari porsi",
    )  # fmt: skip
    assert one["returned_at"].endswith("Z")
    mine = {corrected, retracted, open_}
    assert mine <= shown(served).keys() and forged.event not in shown(served)
    for other in (KITCHEN, CLINIC):
        assert not mine & shown(served, other).keys()

    refused = line(_TYPE, new, supersedes=corrected, time="2020-01-01T00:00:00Z")
    assert served.post(refused, SCHOOL).status_code == 422
    assert corrected in shown(served), "what is refused answers nothing"
    answers = [
        line(_TYPE, new, supersedes=corrected),
        line("event.retracted", back, source=json.loads(line(_TYPE, "x"))["source"],
             subject=None, supersedes=retracted, data={"reason": "tertukar"}),
    ]  # fmt: skip
    for _ in range(2):
        assert served.post(b"\n".join(answers), SCHOOL).status_code == 202
        assert mine & shown(served).keys() == {open_}, "gone with the 202"
    noted = [one for one in commands(served) if isinstance(one, AnswerReturn) and one.event in mine]
    assert [(one.event, one.answer, one.by) for one in noted] == [
        (corrected, new, SCHOOL), (retracted, back, SCHOOL),
    ]  # fmt: skip

    with ingest(events_broker, tmp_path_factory.mktemp("again")) as anew:
        anew.wait_ready()
        wait_shown(anew, open_)
        assert mine & shown(anew).keys() == {open_}
        # The form's tests ask this school too.
        late = line(_TYPE, uuid.uuid4().hex, supersedes=open_)
        assert anew.post(late, SCHOOL).status_code == 202
        assert not mine & shown(anew).keys()


def test_without_a_devices_token_nothing_is_shown(served: Running) -> None:
    assert httpx.get(f"{served.url}/v1/returned").status_code == 401
    assert httpx.post(f"{served.url}/v1/returned", headers=bearer(SCHOOL)).status_code == 405

"""A real ingest and broker: a source sees its own refused events and no others, a page at a time."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from typing import Any, Final

import httpx
import pytest

from contracts.results.table_rows import DeadLetterRow, LetterActionRow
from tests.examples import CLINIC, KITCHEN, REGION
from tests.producers.ingest.rejected.letter_log import asked, say, shown, wait_shown
from tests.producers.installation import Running, bearer, is_problem, line, now, temperature

pytestmark = pytest.mark.real

_SECRET: Final = "Budi Santoso"


def test_a_source_sees_its_own_without_their_values(served: Running) -> None:
    id_ = uuid.uuid4().hex
    bad = json.loads(line("clinic.growth.measured", id_))
    bad["data"] |= {"sex": _SECRET, "height_cm": 9_876_543}
    answer = served.post(json.dumps(bad).encode(), CLINIC)
    assert answer.status_code == 422
    found = wait_shown(served, CLINIC, id_)
    [judged] = answer.json()["rejected"]
    assert (found["code"], found["detail"]) == (judged["code"], judged["detail"])
    assert found["type"] == "clinic.growth.measured"
    assert found.keys() == {"letter", "id", "type", "code", "detail", "received_at"}
    text = asked(served, CLINIC).text
    assert _SECRET not in text and "9876543" not in text and bad["data"]["child"] not in text
    assert id_ not in asked(served, KITCHEN).text


def test_what_streams_refuse_later_is_there_until_an_operator_has_seen_to_it(
    served: Running,
) -> None:
    id_, letter = uuid.uuid4().hex, uuid.uuid4().hex
    row = DeadLetterRow(
        letter_id=letter, received_at=now(), region=REGION, unit_id=KITCHEN, code="conflict",
        detail="an event of this id came before", attempts=1, topic="sppg.events", partition=0, offset=5, line=0,
        event_day=None, key="", bytes=b64encode(temperature(id_)).decode(),
    )  # fmt: skip
    say(served, "dead_letters", row)
    assert wait_shown(served, KITCHEN, id_)["letter"] == letter
    done = LetterActionRow(
        letter_id=letter, action_id="a", region=REGION, unit_id=KITCHEN, at=now(), action="discard", attempt=0,
        by="ratna", reason="uji", topic="", partition=-1, offset=-1,
    )  # fmt: skip
    say(served, "letter_actions", done)
    wait_shown(served, KITCHEN, id_, there=False)


def test_pages_hold_each_letter_once(served: Running) -> None:
    made = [uuid.uuid4().hex for _ in range(7)]
    lines = [temperature(one, time="2020-01-01T00:00:00Z") for one in made]
    assert served.post(b"\n".join(lines), KITCHEN).status_code == 422
    wait_shown(served, KITCHEN, made[-1])
    seen: list[str] = []
    given: dict[str, Any] = {"limit": 3}
    while True:
        page = asked(served, KITCHEN, **given).json()
        seen += [one["id"] for one in page["rejected"]]
        assert len(page["rejected"]) <= 3
        if page["next"] is None:
            break
        given["before"] = page["next"]
    assert seen[:7] == made[::-1] and len(set(seen)) == len(seen)
    assert seen == list(shown(served, KITCHEN))


@pytest.mark.parametrize(
    "given",
    [
        {"limit": 0}, {"limit": 101}, {"limit": "٣"}, {"limit": "9" * 5000}, {"limit": ""},
        {"before": "x"}, {"before": "1"}, {"before": "9" * 40 + ".1"}, {"before": "-1.0"},
    ],
)  # fmt: skip
def test_what_is_no_page_is_refused(served: Running, given: dict[str, Any]) -> None:
    is_problem(asked(served, KITCHEN, **given), 400)


def test_without_a_devices_token_nothing_is_shown(served: Running) -> None:
    assert httpx.get(f"{served.url}/v1/rejected").status_code == 401
    headers = {"Authorization": "Bearer p1.e30.x"}
    assert httpx.get(f"{served.url}/v1/rejected", headers=headers).status_code == 401
    assert httpx.post(f"{served.url}/v1/rejected", headers=bearer(KITCHEN)).status_code == 405

"""Hold and recall on a real installation: ordered at the desk, confirmed by nine recipients, counted for all, lifted."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import httpx
import pytest

from tests.e2e.installation import Installation, until

_RECIPIENTS: Final = 9
_BATCH: Final = "B-2"


def _form(installation: Installation, source: str) -> httpx.Client:
    token = installation.tokens()["devices"][source]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=installation.ready["ingest"], headers=headers, timeout=60)


def _asked_of(form: httpx.Client, hold: str) -> dict[str, Any] | None:
    holds = form.get("/v1/holds").json()["holds"]
    return next((one for one in holds if one["id"] == hold), None)


def _is_asked(form: httpx.Client, hold: str) -> bool:
    return _asked_of(form, hold) is not None


@pytest.fixture
def alert(installation: Installation) -> str:
    """Id of an alert of a kitchen that serves at least nine recipients."""
    asked = """SELECT id FROM pantau.alerts WHERE kind = 'certificate' AND state = 'raised' AND unit_id IN (
SELECT unit_id FROM pantau.recipients GROUP BY unit_id HAVING uniqExact(recipient_id) >= 9) ORDER BY id LIMIT 1"""
    # Missing certificates are raised two minutes after the region is known.
    until(lambda: bool(installation.query(asked)), 300, 1)
    return str(installation.query(asked)[0]["id"])


def test_nine_recipients_stop_a_batch_and_each_says_so(
    installation: Installation, alert: str
) -> None:
    desk, health = installation.desk("desk"), installation.desk("health")
    proposed = desk.get(f"/v1/alerts/{alert}/hold").json()
    kitchen = proposed["unit_id"]
    recipients = [one["id"] for one in proposed["recipients"]][:_RECIPIENTS]
    assert len(recipients) == _RECIPIENTS
    order = {"batch": _BATCH, "recipients": recipients, "note": "Uji nitrit gagal."}
    hold = desk.post(f"/v1/alerts/{alert}/hold", json=order).json()["hold"]

    def evidence() -> dict[str, Any]:
        rows = installation.query(f"SELECT evidence FROM pantau.alerts WHERE id = '{hold}'")
        return dict(rows[0]["evidence"]) if rows else {}

    until(lambda: evidence().get("recipient_count") == _RECIPIENTS, 60, 0.5)
    for count, recipient in enumerate(recipients, 1):
        form = _form(installation, recipient)
        until(partial(_is_asked, form, hold), 60, 0.5)
        answers = [
            form.post(f"/v1/holds/{hold}/confirm", json={"eaten": count == 1}) for _ in range(2)
        ]
        assert [one.status_code for one in answers] == [202, 202]
        assert answers[0].json() == answers[1].json(), "said twice it counts once"
        if count == _RECIPIENTS - 1:
            until(lambda: evidence()["confirmed_count"] == _RECIPIENTS - 1, 60, 0.5)
            assert evidence().get("minutes_to_last") is None
    until(lambda: evidence()["confirmed_count"] == _RECIPIENTS, 60, 0.5)
    assert evidence()["eaten_count"] == 1
    assert evidence().get("minutes_to_last") is not None
    seen = _asked_of(_form(installation, kitchen), hold)
    assert seen is not None
    assert (seen["asks"], seen["confirmed"], seen["recipients"]) == (False, 9, 9)

    assert desk.post(f"/v1/alerts/{hold}/release", json={"note": "x"}).status_code == 403
    assert (
        health.post(f"/v1/alerts/{hold}/release", json={"note": "Uji ulang baik."}).status_code
        == 202
    )
    shown = f"SELECT state, resolution FROM pantau.alerts WHERE id = '{hold}'"
    until(lambda: installation.query(shown)[0]["state"] == "resolved", 60, 0.5)
    assert installation.query(shown)[0]["resolution"] == "lifted"
    assert not _is_asked(_form(installation, recipients[0]), hold)

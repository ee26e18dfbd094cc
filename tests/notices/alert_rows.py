"""Alerts and people as the notices get them: 1 January 2026 08:00 in Jakarta is minute 0."""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.people import Person, QuietHours
from contracts.results.table_rows import AlertChangeRow
from contracts.time.instant import epoch_ms, rfc3339
from notices.core.notice_book import NoticeBook
from notices.core.notice_policy import NoticePolicy
from notices.core.notice_text import NoticeWriter
from notices.core.region_places import RegionPlaces, places_of
from tests.examples import KITCHEN, REGION, SCHOOL
from tests.registry_small import SMALL

START_MS: Final = epoch_ms("2026-01-01T01:00:00Z")
MINUTE_MS: Final = 60_000
PLACES: Final[dict[str, RegionPlaces]] = {REGION: places_of(SMALL)}
AT_ONCE: Final = NoticePolicy(settle_ms=0)
NIGHT: Final = QuietHours(22 * 60, 5 * 60)


def at(minute: float) -> int:
    return START_MS + round(minute * MINUTE_MS)


def person(person_id: str = "desk-1", **changes: Any) -> Person:
    given: dict[str, Any] = {
        "region": REGION,
        "person_id": person_id,
        "name": "Petugas Contoh",
        "role": "desk",
        "channels": ("webhook",),
        "hook": "desk",
    }
    return Person(**(given | changes))


def row(
    revision: int,
    minute: float,
    alert: str = "a",
    state: str = "raised",
    raised: float | None = None,
    **changes: Any,
) -> AlertChangeRow:
    """A change of `alert` at `minute`; `raised`: when that life of it began, by default now."""
    evidence: dict[str, Any] = changes.pop("evidence", {})
    given: dict[str, Any] = {
        "id": alert,
        "short_id": f"T{alert}",
        "region": REGION,
        "kind": "delivery_late",
        "severity": 2,
        "unit_id": KITCHEN,
        "subject": SCHOOL,
        "state": state,
        "resolution": "received" if state == "resolved" else "",
        "raised_at": rfc3339(at(minute if raised is None else raised)),
        "updated_at": rfc3339(at(minute)),
        "resolved_at": None,
        "acknowledged_by": "",
        "acknowledged_at": None,
        "ack_until": None,
        "assessment": "",
        "assessed_by": "",
        "assessed_at": None,
        "note": "",
        "evidence": json.dumps(evidence),
        "revision": revision,
    }
    return AlertChangeRow(**(given | changes))


def book(*people: Person, policy: NoticePolicy = AT_ONCE) -> NoticeBook:
    return NoticeBook(people or (person(),), PLACES, policy, NoticeWriter(False).compose)


def news(one: NoticeBook, minute: float) -> list[tuple[str, list[tuple[str, str]]]]:
    """(person, [(alert, what)]) of each message due at `minute`."""
    return [
        (message.person_id, [(item.alert.row.id, item.what) for item in message.items])
        for message in one.due(at(minute))
    ]

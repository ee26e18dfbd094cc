"""Dead letters, what was done with them, and the registry in force, read back through the views."""

from __future__ import annotations

from typing import Any

from contracts.registry.entities import Kecamatan, Recipient, Region, RegionRegistry, Unit
from contracts.time.days import iso_to_day
from storage.schema import STORE
from tests.examples import KITCHEN, REGION, SCHOOL
from tests.storage.landed_sink import Sink


def _letter(letter_id: str, **more: Any) -> dict[str, Any]:
    return {
        "letter_id": letter_id,
        "received_at": "2026-11-24T03:00:00Z",
        "region": REGION,
        "unit_id": KITCHEN,
        "code": "too_old",
        "detail": "d",
        "attempts": 1,
        "topic": "ingest",
        "partition": -1,
        "offset": -1,
        "line": 0,
        "event_day": "2026-10-01",
        "key": "",
        "bytes": "e30=",
    } | more


def _action(letter_id: str, action: str, attempt: int = 0, offset: int = -1) -> dict[str, Any]:
    return {
        "letter_id": letter_id,
        "action_id": f"{letter_id}-{action}-{attempt}",
        "region": REGION,
        "unit_id": KITCHEN,
        "at": "2026-11-24T05:00:00Z",
        "action": action,
        "attempt": attempt,
        "by": "ani",
        "reason": "unit added",
        "topic": "sppg.events" if action == "retry" else "",
        "partition": 0 if action == "retry" else -1,
        "offset": offset,
    }


def test_dead_letters_show_once_and_late_counts_them(sink: Sink) -> None:
    sink.rows("dead_letters", _letter("l1"), _letter("l1", attempts=2), _letter("l2"))
    sink.rows("dead_letters", _letter("l3", code="not_json", event_day=None))
    assert sink.ask("SELECT letter_id, attempts FROM pantau.dead_letters ORDER BY letter_id") == [
        ("l1", 2), ("l2", 1), ("l3", 1),
    ]  # fmt: skip
    assert [(r, u, str(d), n) for r, u, d, n in sink.ask("SELECT * FROM pantau.late")] == [
        (REGION, KITCHEN, "2026-10-01", 2)
    ]


def test_a_letter_shows_its_last_attempt_and_what_was_done_with_it(sink: Sink) -> None:
    sink.rows("dead_letters", *(_letter(f"l{n}") for n in range(1, 5)))
    sink.rows(
        "letter_actions",
        *(_action("l1", "retry", 2, 70), _action("l1", "retry", 3, 80), _action("l2", "retry", 2, 71)),
        _action("l3", "discard"),
    )  # fmt: skip
    # The first was refused each time, the second not since.
    for offset, code in ((70, "too_old"), (80, "nik")):
        again = {"topic": "sppg.events", "partition": 0, "offset": offset}
        sink.rows(
            "dead_letters", _letter(f"again-{offset}", code=code, region="", unit_id="", **again)
        )
    whose = "SELECT DISTINCT region, unit_id FROM pantau.dead_letters"
    assert sink.ask(whose) == [(REGION, KITCHEN)]
    found = "SELECT letter_id, attempts, code, offset, state FROM pantau.dead_letters ORDER BY 1"
    assert sink.ask(found) == [
        ("l1", 3, "nik", 80, "open"),
        ("l2", 2, "too_old", -1, "sent"),
        ("l3", 1, "too_old", -1, "discarded"),
        ("l4", 1, "too_old", -1, "open"),
    ]
    done = "SELECT letter_id, action, attempt, by, toString(at) FROM pantau.dead_letter_actions ORDER BY 1, 3"
    assert sink.ask(done)[-1] == ("l3", "discard", 0, "ani", "2026-11-24 05:00:00")
    # An attempt is no event more.
    assert sink.ask("SELECT n FROM pantau.late") == [(4,)]


def _registry() -> RegionRegistry:
    def unit(name: str, since: str) -> Unit:
        day = iso_to_day(since)
        return Unit(KITCHEN, "sppg", name, "32.11.08", 107.9, -6.8, 300, 1020, 3000, None, 0, "active", day, True)  # fmt: skip

    return RegionRegistry(
        Region(REGION, "Sumedang", "Jawa Barat", "Asia/Jakarta", (1, 2, 3, 4, 5),
               (iso_to_day("2026-12-25"),), (Kecamatan("32.11.08", "Jatinangor"),)),
        (unit("lama", "2026-01-01"), unit("baru", "2026-11-25"), unit("nanti", "2026-11-26")),
        (Recipient(SCHOOL, "SDN 1", "school", "32.11.08", 107.9, -6.8, KITCHEN, 660, {"sd": 290},
                   "active", iso_to_day("2026-01-01"), True),),
    )  # fmt: skip


def test_the_registry_in_force_follows_the_regions_clock(sink: Sink) -> None:
    sink.registry(_registry())
    sink.registry(_registry(), 5)
    ask = "SELECT name, opens, capacity FROM pantau.units"
    assert sink.ask(ask) == []
    sink.position(1, time="2026-11-24T16:59:59Z")
    assert sink.ask(ask) == [("lama", "05:00", 3000)]
    sink.position(2, time="2026-11-24T17:00:00Z")  # midnight in Jakarta
    assert sink.ask(ask) == [("baru", "05:00", 3000)]
    assert sink.ask("SELECT recipient_id, sd, smp, meal_time FROM pantau.recipients") == [
        (SCHOOL, 290, 0, "11:00")
    ]
    assert sink.ask("SELECT code, timezone, service_weekdays, kecamatan FROM pantau.regions") == [
        (REGION, "Asia/Jakarta", [1, 2, 3, 4, 5], [{"code": "32.11.08", "name": "Jatinangor"}])
    ]


def test_a_registry_that_is_not_ours_is_set_aside(sink: Sink) -> None:
    sink.registry(_registry(), key=b"x" * 32)
    assert sink.ask("SELECT count() FROM pantau.regions") == [(0,)]
    assert sink.ask(f"SELECT topic, table FROM {STORE}.sink_rejects") == [
        ("registry", "registry_regions")
    ]

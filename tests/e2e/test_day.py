"""Three kitchens post a day over HTTP: every row of the views is right, and what was refused is kept."""

from __future__ import annotations

from collections import Counter

from tests.e2e.day import FOLDER, Day
from tests.e2e.expected import first_copies
from tests.e2e.installation import REGION, Installation, until
from tests.e2e.rows import until_exact


def test_every_row_is_right(installation: Installation, day: Day) -> None:
    found = until_exact(installation, day.began)
    # So many at least: the comparison is not one of nothing with nothing.
    units = len(FOLDER.kitchens) + len(FOLDER.kecamatan) + 1
    assert len(found["performance"]) > 3 * units + 50
    assert len(found["coverage"]) > 10_000
    for window in ("15m", "1h", "1d", "7d", "30d"):
        assert {key[0] for key in found["performance"] if key[2] == window} == {
            *("unit", "kecamatan", "kabupaten")
        }
        assert {key[0] for key in found["coverage"] if key[2] == window} == {
            *("recipient", "kecamatan", "kabupaten")
        }


def test_refused_events_are_dead_letters(installation: Installation, day: Day) -> None:
    letters = f"SELECT * FROM pantau.dead_letters WHERE region = '{REGION}'"
    until(lambda: len(installation.query(letters)) >= len(day.letters), 60, 1)
    found = installation.query(letters)
    assert Counter((row["unit_id"], row["code"]) for row in found) == Counter(day.letters)
    assert not any("3211010101010001" in str(row) for row in found)
    late = installation.query("SELECT unit_id, n FROM pantau.late")
    assert [(row["unit_id"], row["n"]) for row in late] == [(day.kitchens[2], 1)]


def test_events_tell_what_corrections_made_of_them(installation: Installation, day: Day) -> None:
    def events() -> dict[str, dict[str, object]]:
        rows = installation.query(
            "SELECT id, unit_id, type, subject, superseded_by, retracted, counts FROM pantau.events"
        )
        assert len(rows) == len({(row["unit_id"], row["id"]) for row in rows})
        return {str(row["id"]): row for row in rows}

    sent = {event["id"]: event for _, event in first_copies(installation.accepted).items()}
    until(lambda: events().keys() == sent.keys(), 60, 1)
    found = events()
    for id_, row in found.items():
        assert row["type"] == sent[id_]["type"] and row["subject"] == sent[id_].get("subject", "")
        assert row["superseded_by"] == day.corrected.get(id_, ""), row
        assert row["retracted"] == (id_ in day.retracted), row
        gone = id_ in day.corrected or id_ in day.retracted or row["type"] == "event.retracted"
        assert row["counts"] == (not gone), row

"""What a message says, and what it never does."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.people import ALERT_KINDS, NOTICE_ROLES
from contracts.time.instant import rfc3339
from notices.core import notice_words as words
from notices.core.notice import Notice
from notices.core.notice_book import NoticeBook
from notices.core.notice_policy import NoticePolicy
from notices.core.notice_text import NoticeWriter
from streams.core.alerts.alert_book import _LETTERS
from tests.examples import KITCHEN, SCHOOL
from tests.house.product import ROOT
from tests.notices.alert_rows import PLACES, at, book, person, row

_EVIDENCE: Final[dict[str, dict[str, Any]]] = {
    "delivery_late": {"meal_time": rfc3339(at(90)), "registered": 1314, "received": 0},
    "shortfall": {"registered": 1314, "received": 20},
    "over_4h": {"minutes": 250, "portions": 300},
    "unsafe_batch": {"recipients": [SCHOOL], "portions": 300},
    "over_capacity": {"portions": 3100, "rule": {"capacity": 3000}},
    "temperature": {"lowest_c": 6.25, "highest_c": 9},
    "unit_silent": {"units_silent": 60, "units_watched": 114},
    "old_food": {"recipients": [SCHOOL], "supplier": "Bu Ani"},
    "food_refused": {"refused": 40},
    "illness_reported": {"ill": 3, "absent_ill": 41},
    "certificate": {"valid_until": None},
    "hold": {"confirmed_count": 6, "recipient_count": 9},
    "foodborne_cluster": {"people": 4, "attack_by_recipient": {SCHOOL: {"ill": 4, "at_risk": 300}}},
}  # fmt: skip


def _only(*rows: Any, role: str = "desk", one: NoticeBook | None = None) -> Notice:
    found = one or book(person(role=role))
    for change in rows:
        found.take(change)
    [message] = found.due(at(0))
    return message


def test_every_kind_has_its_words_and_its_numbers() -> None:
    assert set(_LETTERS) <= set(words.KIND) == set(ALERT_KINDS) == set(_EVIDENCE)
    for kind, evidence in _EVIDENCE.items():
        text = _only(row(1, 0, kind=kind, evidence=evidence)).text
        line = text.splitlines()[1]
        assert line.startswith("- Ta BARU WASPADA "), line
        assert f"Satuan {KITCHEN} -> Sekolah {SCHOOL} (Uji)" in line
        assert line.count(";") == 2, f"no fact of {kind}: {line}"
        assert "Bu Ani" not in text
    assert "1.314 porsi, jam makan 09.30" in _text("delivery_late")
    assert "6,2 sampai 9,0 °C" in _text("temperature")


def _text(kind: str, role: str = "desk") -> str:
    return _only(row(1, 0, kind=kind, evidence=_EVIDENCE[kind]), role=role).text


def test_every_resolution_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "alerts.md").read_text()
    cells = [line.split("|")[3] for line in page.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(words.RESOLUTION)


@pytest.mark.parametrize("role", NOTICE_ROLES)
def test_few_ill_people_are_for_the_health_office(role: str) -> None:
    text = _text("foodborne_cluster", role)
    assert ("4 orang sakit" in text) == (role == "health")
    assert words.CAUTION in text
    assert ("sakit 3," in _text("illness_reported", role)) == (role == "health")
    assert "absen sakit 41" in _text("illness_reported", role)


def test_a_simulation_says_so() -> None:
    one = NoticeBook(
        [person()], PLACES, NoticePolicy(settle_ms=0), NoticeWriter(True, "https://d.id").compose
    )
    message = _only(row(1, 0), one=one)
    assert message.title.startswith("[SIMULASI] Pantau Sumedang: WASPADA BARU Kiriman terlambat")
    assert message.text.startswith(message.title)
    assert message.text.endswith("\nhttps://d.id")


def test_what_does_not_fit_is_counted() -> None:
    many = [row(n + 1, 0, f"{n}") for n in range(30)]
    kinds = [
        row(n + 40, 0, f"k{n}", kind=kind, severity=1 + n % 3)
        for n, kind in enumerate(list(ALERT_KINDS) * 2)
    ]
    message = _only(*many, *kinds)
    lines = message.text.splitlines()
    assert len([one for one in lines if one.startswith("- ")]) == 8
    assert "SIAGA" in lines[1]
    assert any(one.startswith("dan ") for one in lines)
    assert len(message.text) < 1500
    assert len(_only(*many).text.splitlines()) == 3


@given(
    st.sampled_from(sorted(ALERT_KINDS)),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(
            ["registered", "received", "people", "ill", "recipients", "attack_by_recipient", "rule", "capacity"]
        ), inner, max_size=4),
        max_leaves=6,
    ),
)  # fmt: skip
def test_no_evidence_breaks_a_message(kind: str, evidence: Any) -> None:
    message = _only(row(1, 0, kind=kind, evidence=evidence))
    assert message.title in message.text

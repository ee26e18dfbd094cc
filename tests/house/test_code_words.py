"""Each code and name that Python writes and a screen shows has its word in the table of that screen."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from contracts.events import data_structs
from contracts.events.codes import Code
from contracts.events.event_types import TYPES
from contracts.people import ALERT_KINDS
from contracts.results.topics import TOPIC_OF_KIND
from dashboard_ws.gateway.api.oidc.oidc_log_in import Outcome
from dashboard_ws.gateway.api.reports import report_facts
from dashboard_ws.gateway.stream.question_feed import _SHOWN_ON_THEIR_DAY
from notices.core import notice_words
from storage.plausibility.plausibility_rules import RULES
from streams.core.alerts.alert import Resolution
from streams.core.alerts.alert_book import _LETTERS
from streams.core.alerts.cluster import cluster_verdict, illness_rule
from tests.house.product import ROOT

_WORDS: Final = ROOT / "dashboard_ws" / "web" / "src" / "words"
_ALERTS: Final = ROOT / "streams" / "core" / "alerts"
_TEXT: Final = re.compile(r'("[^"\n]*"\s*:)|"[^"\n]*"')
_KEY: Final = re.compile(r'[{,]\s*(?:"([^"\n]+)"|(\w+))\s*:')
_BLOCK: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NOT_IN_EVIDENCE: Final = frozenset({"level", "unit", "recipient", "day", "all_events"})
"""Of a verdict: the alert says them by itself; of all events it names the newest."""


def _table(file: str, name: str) -> set[str]:
    """Keys of an object among the words, `EVIDENCE` or `OPTIONS.reasons`."""
    text = _BLOCK.sub("", (_WORDS / f"{file}.ts").read_text("utf-8"))
    for part in name.split("."):
        begin = re.search(
            rf"^\s*(?:export )?(?:const )?{part}\b[^={{\n]*[=:][^{{\n]*\{{", text, re.M
        )
        assert begin, f"{file}.ts has no {name}"
        text = _inside(text[begin.end() :])
    while (outer := re.sub(r"\{[^{}]*\}", "", text)) != text:
        text = outer
    return {a or b for a, b in _KEY.findall("{" + _TEXT.sub(r"\1 0", text))}


def _inside(text: str) -> str:
    depth = 1
    for at, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[:at]
    raise AssertionError("a table without its end")


def _codes(kind: Any) -> set[str]:
    """Codes of a type that is a `Literal` of them or lists them; none of another."""
    if get_origin(kind) is Literal:
        return {one for one in get_args(kind) if isinstance(one, str)}
    if get_origin(kind) is dict:
        return set()
    return {code for one in get_args(kind) for code in _codes(one)}


def _coded_fields() -> Iterator[tuple[str, str, set[str]]]:
    """(struct, field, codes) of all that the contract's events say by a code."""
    for struct in vars(data_structs).values():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            for field, kind in get_type_hints(struct).items():
                if codes := _codes(kind):
                    yield struct.__name__, field, codes


def _written(source: str) -> Iterator[str]:
    """Names that a module gives to parts of an object: keys of literals and of what is set in one."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Dict():
                keys = node.keys
            case ast.Assign(targets=[ast.Subscript(slice=key)]):
                keys = [key]
            case _:
                continue
        yield from (
            one.value
            for one in keys
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        )


def _evidence_names() -> set[str]:
    """All that the evidence of an alert may name but a hold's, which has a page of its own."""
    paths = [_ALERTS / "alert.py", *(_ALERTS / "kinds").glob("*.py")]
    names = {name for path in paths for name in _written(path.read_text("utf-8"))}
    verdicts = (cluster_verdict.ClusterVerdict, illness_rule.IllnessVerdict)
    for struct in (*verdicts, cluster_verdict.LevelGrounds, cluster_verdict.Attack):
        names.update(struct.__struct_fields__)
    return names - _NOT_IN_EVIDENCE


def test_every_name_of_evidence_has_a_word() -> None:
    [unshown] = re.findall(r"UNSHOWN\b.*= (\[.*\]);", (_WORDS / "evidence.ts").read_text("utf-8"))
    assert _table("evidence", "EVIDENCE") == _evidence_names() - set(json.loads(unshown))


@pytest.mark.parametrize(
    "source",
    ['AlertCause(rule={"least_pct": 90})', 'more["least_pct"] = 90', 'more |= {"least_pct": 90}'],
)
def test_a_name_of_evidence_is_found(source: str) -> None:
    assert list(_written(source)) == ["least_pct"]


def test_every_code_in_evidence_has_a_word() -> None:
    names = _evidence_names()
    wanted = {field: codes for _, field, codes in _coded_fields() if field in names}
    wanted["agent_class"] = set(get_args(cluster_verdict.AgentClass))
    wanted["suggested_agents"] = {
        one for agents in cluster_verdict.SUGGESTED_AGENTS.values() for one in agents
    }
    tables = dict(
        re.findall(r"(\w+): ([A-Z_]+),", (_WORDS / "evidence.ts").read_text().partition("CODES")[2])
    )
    assert set(tables) == set(wanted)
    for name, codes in wanted.items():
        file = "evidence" if tables[name].startswith("AGENT") else "shared"
        assert _table(file, tables[name]) == codes, name


_TABLES: Final = {
    "shared ALERT_KINDS": set(ALERT_KINDS),
    "desk RESOLUTIONS": set(get_args(Resolution)) - {""},
    "desk DESK.provider": set(get_args(Outcome)) - {"in"},
    **{
        f"desk REPORTS.{kind}.types": {name for name, cls in TYPES.items() if kind == cls.KIND}
        for kind in TOPIC_OF_KIND
    },
    "wall WORDS.questions": {rule.name for rule in RULES} - set(_SHOWN_ON_THEIR_DAY),
    "shared POINTS": _codes(data_structs.Point),
    "shared GROUPS": _codes(data_structs.Group),
    "field REFUSED": {*Code, "http_400", "http_413", "http_415"},
    "refused REFUSED_CAUSES": {*Code},
    "desk REPORT_FACTS": {*report_facts.NAMES, *report_facts.BY_GROUP, *report_facts.PEOPLE},
    "field-tasks OPTIONS.declined": _codes(
        get_type_hints(data_structs.ServiceDeclinedData)["reason"]
    ),
    "field-tasks OPTIONS.incident": _codes(
        get_type_hints(data_structs.IncidentReportedData)["kind"]
    ),
    "field-tasks OPTIONS.outcome": _codes(get_type_hints(data_structs.CaseReportedData)["outcome"]),
    "field-tasks OPTIONS.package": _codes(data_structs.Package),
    "field-tasks OPTIONS.posture": _codes(
        get_type_hints(data_structs.GrowthMeasuredData)["posture"]
    ),
    "field-tasks OPTIONS.sex": _codes(data_structs.Sex),
    "field-tasks OPTIONS.syndrome": _codes(data_structs.Syndrome),
}


@pytest.mark.parametrize("table", _TABLES)
def test_a_table_of_words_has_every_code(table: str) -> None:
    file, name = table.split()
    assert _table(file, name) == _TABLES[table]


def test_messages_and_the_desk_have_the_same_codes() -> None:
    assert set(notice_words.RESOLUTION) == set(get_args(Resolution)) - {""}
    assert set(notice_words.KIND) == set(ALERT_KINDS) == set(_LETTERS)

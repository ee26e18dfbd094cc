"""The server's accounts, read and enforced by the same engine that the server has.

A session of the embedded engine is always of the user `default`, so each account is tried under that name.
The engine lacks one thing that a server has: the switch that `changeable_in_readonly` needs. So those marks
are taken out here, and it is not tried that a tool may lower a limit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

from contracts.results.tables import REBUILT_TABLES
from engines.clickhouse.accounts import ANALYST
from storage import generation_tables, migrate
from storage.schema import STORAGE, table_sql
from storage.views import VIEWS, view_sql

pytestmark = pytest.mark.real

_HERE: Final = Path(__file__).parent
_DEPLOY: Final = _HERE.parents[1] / "deploy" / "clickhouse"
_ACCOUNTS: Final = _DEPLOY / "users.d" / "pantau.xml"
_EXAMPLE: Final = _DEPLOY / "examples" / "analyst-32.11.xml"
_PASSWORDS: Final = (
    "PANTAU_CLICKHOUSE_PASSWORD",
    "PANTAU_ANALYST_PASSWORD",
    "PANTAU_ANALYST_3211_PASSWORD",
)
_REGIONS: Final = (
    "INSERT INTO pantau_store.registry_regions (region, code, name, timezone) "
    "VALUES ('32.11', '32.11', 'Sumedang', 'Asia/Jakarta'), ('32.08', '32.08', 'Kuningan', 'Asia/Jakarta')"
)

Answer = dict[str, str]


def _child(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(tag)
    assert found is not None, tag
    return found


def _take_marks_out(root: ET.Element) -> None:
    for constraints in _child(root, "profiles").iter("constraints"):
        for setting in list(constraints):
            for mark in setting.findall("changeable_in_readonly"):
                setting.remove(mark)
            if len(setting) == 0:
                constraints.remove(setting)


def _config(folder: Path, account: str, extra_grant: str, rows: Mapping[str, str]) -> Path:
    """The deployed files as one, with `account` under the name `default` too.

    `rows`: database/view -> filter in the place of the account's own.
    """
    root = ET.parse(_ACCOUNTS).getroot()
    users = _child(root, "users")
    users.extend(_child(ET.parse(_EXAMPLE).getroot(), "users"))
    users.remove(_child(users, "default"))
    mine = ET.fromstring(ET.tostring(_child(users, account)))
    mine.tag = "default"
    # The engine signs itself in.
    mine.remove(_child(mine, "password"))
    ET.SubElement(mine, "no_password")
    if extra_grant:
        ET.SubElement(_child(mine, "grants"), "query").text = extra_grant
    for view, condition in rows.items():
        _child(_child(mine, f"databases/{view}"), "filter").text = condition
    users.append(mine)
    _take_marks_out(root)
    ET.SubElement(_child(root, "profiles"), "default")
    ET.SubElement(_child(root, "quotas"), "default")
    path = folder / f"users-{account}.xml"
    ET.ElementTree(root).write(path)
    config = folder / f"config-{account}.xml"
    config.write_text(f"<clickhouse><users_config>{path}</users_config></clickhouse>")
    return config


class Server:
    """A store that each account asks in turn."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(
        self,
        account: str,
        statements: Sequence[str],
        extra_grant: str = "",
        rows: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Answer]:
        """The answer to each statement: `rows` or `error`."""
        config = _config(self._folder, account, extra_grant, rows)
        done = subprocess.run(
            [sys.executable, _HERE / "ask_as.py", self._folder / "store", config],
            input=json.dumps(statements),
            env=os.environ | dict.fromkeys(_PASSWORDS, "a password"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: list[Answer] = json.loads(done.stdout)
        return answers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """With our schema, made with the writer's own rights, and two regions in it."""
    made = Server(tmp_path_factory.mktemp("server"))
    # On a server the views are the writer's because it makes them; here that is to be said, and allowed.
    migrations = [one for migration in migrate.read() for one in migration.statements]
    statements = [
        statement.replace("SQL SECURITY DEFINER", "DEFINER = writer SQL SECURITY DEFINER")
        for statement in (*migrations, *map(view_sql, VIEWS))
    ]
    answers = made.ask("writer", [*statements, _REGIONS], "GRANT SET DEFINER ON writer")
    assert [answer["error"] for answer in answers if "error" in answer] == []
    return made


def test_the_writer_may_do_what_a_migration_needs_again_and_no_more(server: Server) -> None:
    answers = server.ask(
        "writer",
        [
            f"CREATE TABLE IF NOT EXISTS {migrate.TABLE} (id String) ENGINE = MergeTree ORDER BY id",
            f"INSERT INTO {migrate.TABLE} VALUES ('0001'), ('view.gone')",
            f"DELETE FROM {migrate.TABLE} WHERE id = 'view.gone'",
            "DROP VIEW IF EXISTS pantau.gone",
            "SELECT count() > 0 FROM system.tables WHERE database = 'pantau' AND name = 'regions'",
            "ALTER TABLE pantau_store.registry_regions MODIFY COMMENT 'x'",
            "OPTIMIZE TABLE pantau_store.registry_regions FINAL",
            "SELECT count() FROM pantau.regions",
            "CREATE USER someone",
            "CREATE DATABASE another",
            "SELECT * FROM url('http://127.0.0.1:1/')",
            "INSERT INTO FUNCTION file('/tmp/x.tsv', 'TSV', 'a Int8') VALUES (1)",
        ],
    )
    allowed, refused = answers[:8], answers[8:]
    assert [answer["error"] for answer in allowed if "error" in answer] == []
    assert allowed[-1] == {"rows": "2"}
    assert all("ACCESS_DENIED" in answer["error"] for answer in refused), refused


def test_the_writer_may_do_what_an_audit_and_a_replay_need(server: Server) -> None:
    view = next(sql for sql in map(view_sql, VIEWS) if ".performance" in sql)
    named = generation_tables.in_generation(view, 2)
    rebuilt = [
        generation_tables.in_generation(table_sql(one), 2)
        for one in STORAGE
        if one.table.name in REBUILT_TABLES
    ]
    answers = server.ask(
        "writer",
        [
            *rebuilt,
            named.replace("SQL SECURITY DEFINER", "DEFINER = writer SQL SECURITY DEFINER"),
            "SELECT countIf(create_table_query LIKE '%performance_g2%') > 0 FROM system.tables WHERE database = 'pantau'",
            "DELETE FROM pantau_store.performance_g2 WHERE area_id = 'x'",
            "INSERT INTO pantau_store.performance_g2 SELECT * FROM pantau_store.performance FINAL",
            view.replace("SQL SECURITY DEFINER", "DEFINER = writer SQL SECURITY DEFINER"),
            *(f"DROP TABLE pantau_store.{name}_g2 SYNC" for name in REBUILT_TABLES),
            "CREATE DATABASE pantau_audit_1 ENGINE = Atomic",
            "CREATE TABLE pantau_audit_1.a ENGINE = Memory SETTINGS compress = 1 AS SELECT 1 AS n",
            "INSERT INTO pantau_audit_1.a VALUES (2)",
            "SELECT sum(n) FROM pantau_audit_1.a",
            "DROP TABLE IF EXISTS pantau_audit_1.a SYNC",
            "DROP DATABASE IF EXISTS pantau_audit_1 SYNC",
        ],
        "GRANT SET DEFINER ON writer",
    )
    assert [answer["error"] for answer in answers if "error" in answer] == []
    assert answers[len(rebuilt) + 1] == {"rows": "1"} and answers[-3] == {"rows": "3"}


def test_an_analyst_reads_every_view_and_nothing_else(server: Server) -> None:
    views = server.ask("analyst", ["SELECT name FROM system.tables WHERE database = 'pantau'"])
    names = views[0]["rows"].split()
    assert {"events", "performance", "coverage", "clinic_coverage", "alerts"} <= set(names)
    read = server.ask("analyst", [f"SELECT count() FROM pantau.{name}" for name in names])
    assert [answer["error"] for answer in read if "error" in answer] == []

    refused = server.ask(
        "analyst",
        [
            "SELECT person FROM pantau_store.raw_lines",
            "SELECT * FROM merge('pantau_store', '.*')",
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM remote('127.0.0.1', system.one)",
            "INSERT INTO pantau_store.registry_regions (region) VALUES ('x')",
            "DROP VIEW pantau.events",
            "CREATE VIEW pantau.mine AS SELECT 1",
            "SET readonly = 0",
            "SYSTEM SHUTDOWN",
        ],
    )
    assert all("error" in answer for answer in refused), refused


def test_limits_are_those_of_the_embedded_account(server: Server) -> None:
    names = sorted(set(ANALYST.settings) - {"additional_table_filters"})
    answers = server.ask("analyst", [f"SELECT toString(getSetting('{name}'))" for name in names])
    assert {name: answer["rows"] for name, answer in zip(names, answers, strict=True)} == {
        name: ANALYST.settings[name] for name in names
    }


def test_two_million_rows_come_not_one_more_and_limits_stay(server: Server) -> None:
    enough, too_many, *lifted = server.ask(
        "analyst",
        [
            "SELECT 1 FROM system.numbers LIMIT 2000000",
            "SELECT 1 FROM system.numbers LIMIT 2000001",
            "SELECT 1 SETTINGS max_result_rows = 3000000",
            "SELECT 1 SETTINGS max_execution_time = 0",
            "SELECT 1 SETTINGS readonly = 2",
        ],
    )
    assert enough["rows"].count("1") == 2_000_000
    assert "TOO_MANY_ROWS" in too_many["error"]
    assert all("error" in answer for answer in lifted), lifted


def test_an_analyst_of_one_region_sees_that_region_alone(server: Server) -> None:
    views = server.ask("analyst", ["SELECT name FROM system.tables WHERE database = 'pantau'"])
    names = set(views[0]["rows"].split())
    account = _child(_child(ET.parse(_EXAMPLE).getroot(), "users"), "analyst_3211")
    assert {view.tag for view in _child(_child(account, "databases"), "pantau")} == names

    statement = "SELECT groupArray(name) FROM pantau.regions"
    assert server.ask("analyst_3211", [statement]) == [{"rows": "['Sumedang']"}]
    other = server.ask("analyst", ["SELECT arraySort(groupArray(name)) FROM pantau.regions"])
    assert other == [{"rows": "['Kuningan','Sumedang']"}]
    counts = server.ask("analyst_3211", [f"SELECT count() FROM pantau.{name}" for name in names])
    assert [answer["error"] for answer in counts if "error" in answer] == []


def test_who_is_named_by_no_policy_reads_no_row(server: Server) -> None:
    """The embedded engine lacks the switch too: there everybody whom no policy names reads all.

    So what the switch rests on is tried: a policy on each view, which stands for those that it names.
    """
    config = ET.parse(_DEPLOY / "config.d" / "pantau.xml").getroot()
    switch = config.findtext("access_control_improvements/users_without_row_policies_can_read_rows")
    assert switch == "false"
    views = server.ask("writer", ["SELECT name FROM system.tables WHERE database = 'pantau'"])
    users = _child(ET.parse(_ACCOUNTS).getroot(), "users")
    for account in ("writer", "analyst"):
        policies = _child(_child(_child(users, account), "databases"), "pantau")
        assert {view.tag for view in policies} == set(views[0]["rows"].split())
        assert server.ask(account, ["SELECT count() FROM pantau.regions"]) == [{"rows": "2"}]
        nothing = {"pantau/regions": "0"}
        assert server.ask(account, ["SELECT count() FROM pantau.regions"], rows=nothing) == [
            {"rows": "0"}
        ]


def test_the_server_has_the_switch_that_the_accounts_need() -> None:
    config = ET.parse(_DEPLOY / "config.d" / "pantau.xml").getroot()
    switch = config.findtext("access_control_improvements/settings_constraints_replace_previous")
    assert switch == "true"
    marks = ET.parse(_ACCOUNTS).getroot().findall(".//changeable_in_readonly")
    assert len(marks) > 0


def test_no_password_is_in_the_files() -> None:
    for path in (_ACCOUNTS, _EXAMPLE):
        users = _child(ET.parse(path).getroot(), "users")
        for user in users:
            words = [one for one in user if one.tag.startswith("password")]
            assert all(set(one.attrib) == {"from_env"} and not one.text for one in words)
            assert words or user.tag == "default"

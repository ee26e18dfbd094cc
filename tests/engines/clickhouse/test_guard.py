"""Analysts read the views of `pantau` and nothing else, whatever they write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import Error

from engines.clickhouse.front.metadata import VIEWED
from tests.fixtures_clickhouse import EmbeddedClickHouse, embedded

SECRET = "pseudonym-0001"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A view over a storage table that holds a secret beside it, and a file with another."""
    clickhouse = embedded(tmp_path_factory.mktemp("guarded"))
    clickhouse.start()
    for statement in (
        "CREATE DATABASE IF NOT EXISTS pantau_store ENGINE = Atomic",
        "CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic",
        "CREATE OR REPLACE TABLE pantau_store.guarded (a UInt64, secret String)"
        " ENGINE = MergeTree ORDER BY a",
        f"INSERT INTO pantau_store.guarded SELECT number, '{SECRET}' FROM numbers(10)",
        "CREATE OR REPLACE VIEW pantau.guarded (a UInt64 COMMENT 'a number')"
        " SQL SECURITY DEFINER AS SELECT a FROM pantau_store.guarded",
        "CREATE OR REPLACE VIEW pantau.guarded_from"
        " AS SELECT a FROM pantau_store.guarded WHERE a >= {least:UInt64}",
        "CREATE OR REPLACE DICTIONARY pantau_store.words (a UInt64, secret String) PRIMARY KEY a"
        " SOURCE(CLICKHOUSE(DB 'pantau_store' TABLE 'guarded')) LAYOUT(FLAT()) LIFETIME(0)",
        "CREATE OR REPLACE TABLE pantau_store.joined (a UInt64, secret String)"
        " ENGINE = Join(ANY, LEFT, a)",
        f"INSERT INTO pantau_store.joined VALUES (1, '{SECRET}')",
    ):
        assert clickhouse.post(statement).status_code == 200
    (clickhouse.home.clickhouse / "outside.txt").write_text(SECRET)
    yield clickhouse
    clickhouse.stop()


ALLOWED = (
    "SELECT 1",
    "select count() from guarded",
    "SELECT * FROM pantau.guarded ORDER BY a LIMIT 3 FORMAT JSONEachRow",
    "SELECT a FROM `pantau`.`guarded` AS g FINAL -- a comment; with pantau_store.guarded in it",
    "WITH c AS (SELECT a FROM guarded) SELECT max(a) FROM c WHERE a IN (SELECT a FROM guarded)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
    "SELECT a FROM guarded WHERE a IN guarded",
    "SELECT quantileExact(0.95)(a), sumIf(a, a > 1), uniqExactIfOrNull(a, 1) FROM guarded",
    "SELECT x.a, y.a FROM guarded x LEFT JOIN guarded y ON x.a = y.a ORDER BY ALL",
    "SELECT sum(a) OVER (PARTITION BY a % 2 ORDER BY a) FROM guarded",
    "SELECT * EXCEPT (a), a AS b FROM guarded UNION ALL SELECT 1 INTERSECT SELECT 1",
    "SELECT toStartOfHour(now()), arrayMap(x -> x + 1, [1]), 'it''s', JSONExtractInt('{}', 'a')",
    "SELECT toTypeName(a), 'INTO OUTFILE ''x''', 'a\nb', 1 AS `from file('x')` FROM guarded",
    "SELECT number FROM numbers(3)",
    "SELECT * FROM pantau.guarded_from(least = 8)",
    "SELECT version(), timezone(), currentDatabase()",
    "SELECT name, value, readonly FROM system.settings LIMIT 10000",
    "SELECT comment FROM system.columns WHERE table = 'guarded'",
    "SHOW TABLES",
    "SHOW TABLES FROM pantau LIKE 'g%'",
    "SHOW DATABASES",
    "SHOW COLUMNS FROM guarded FROM pantau",
    "DESCRIBE pantau.guarded FORMAT CSV",
    "DESC TABLE guarded",
    "DESCRIBE (SELECT a FROM guarded)",
    "SELECT displayName(), version(), revision(), timezone()",
    "SELECT name FROM system.table_functions",
    "EXISTS TABLE pantau.guarded",
    "SELECT * FROM system.tables AS t JOIN `system`.`columns` AS c ON t.name = c.table",
    "SELECT DISTINCT table_name FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'guarded'",
    "SELECT system.tables.name FROM system.tables WHERE system.tables.database = 'pantau'",
    "SELECT view_definition, VIEW_DEFINITION FROM information_schema.views",
    "DESCRIBE (SELECT name, 'system.tables' FROM system.tables)",
    "EXPLAIN SYNTAX SELECT a FROM guarded",
    "EXPLAIN QUERY TREE SELECT a FROM guarded",
)


@pytest.mark.parametrize("sql", ALLOWED)
def test_allows(store: EmbeddedClickHouse, sql: str) -> None:
    answer = store.post(sql, "analyst")
    assert answer.status_code == 200, answer.text
    assert answer.text


FILE = "file('../outside.txt', 'LineAsString')"
DENIED = (
    # Storage by name, in every place where a table can stand.
    "SELECT * FROM pantau_store.guarded",
    "SELECT * FROM `pantau_store`.`guarded`",
    'SELECT * FROM "pantau_store"."guarded"',
    "SELECT * FROM /* pantau. */ pantau_store . guarded",
    "SELECT * FROM pantau_store\n--\n.guarded",
    "FROM pantau_store.guarded SELECT secret",
    "SELECT * FROM (SELECT * FROM pantau_store.guarded)",
    "SELECT (SELECT max(secret) FROM pantau_store.guarded)",
    "WITH c AS (SELECT * FROM pantau_store.guarded) SELECT * FROM c",
    "WITH (SELECT max(secret) FROM pantau_store.guarded) AS m SELECT m",
    "SELECT 1 UNION ALL SELECT a FROM pantau_store.guarded",
    "SELECT 1 EXCEPT SELECT a FROM pantau_store.guarded",
    "SELECT 1 FROM guarded g JOIN pantau_store.guarded s ON g.a = s.a",
    "SELECT 1 FROM guarded g, pantau_store.guarded s",
    "SELECT a FROM guarded WHERE a IN (SELECT a FROM pantau_store.guarded)",
    "SELECT a FROM guarded WHERE (a, 'x') IN pantau_store.guarded",
    "SELECT a FROM guarded WHERE (a, 'x') IN pantau_audit_1.guarded",
    # What says how views are made.
    "SHOW CREATE VIEW pantau.guarded",
    "EXPLAIN SELECT a FROM guarded",
    "EXPLAIN ESTIMATE SELECT a FROM guarded",
    "EXPLAIN actions = 1 SELECT a FROM guarded",
    "SELECT * FROM system.parts",
    "SELECT * FROM pantau_metadata.tables",
    # Time that no limit ends.
    "SELECT editDistance(repeat('a', 300000), repeat('b', 300000))",
    "SELECT levenshteinDistanceUTF8('a', 'b')",
    "SELECT jaroWinklerSimilarity('a', 'b')",
    "DESCRIBE (SELECT * FROM pantau_store.guarded)",
    "DESCRIBE (SELECT file('/etc/passwd'))",
    "SELECT a FROM guarded WHERE (a, 'x') NOT IN (`pantau_store`.guarded)",
    "SELECT in((1, 'x'), pantau_store.guarded)",
    "SELECT globalNotIn((1, 'x'), PANTAU_STORE.guarded)",
    "WITH pantau_store.guarded AS z SELECT (1, 'x') IN z",
    "SELECT arrayMap(x -> (x, 'x') IN pantau_store.guarded, [1])",
    "SELECT exists(SELECT 1 FROM pantau_store.guarded WHERE startsWith(secret, 'p'))",
    "SELECT 1 FROM guarded HAVING (SELECT count() FROM pantau_store.guarded) > 1",
    "SELECT 1 ORDER BY (SELECT count() FROM pantau_store.guarded)",
    "SELECT 1 LIMIT (SELECT toUInt8(count()) FROM pantau_store.guarded)",
    "SELECT 1 AS `x\n          TableIdentifier pantau.guarded\n` FROM pantau_store.guarded",
    "SELECT * FROM pantau.guarded AS `pantau_store.x`, pantau_store.guarded",
    # Table functions and functions that reach out.
    "SELECT * FROM merge('pantau_store', '.*')",
    "SELECT * FROM merge(REGEXP('pantau.*'), '.*')",
    "SELECT * FROM cluster('default', pantau_store.guarded)",
    "SELECT * FROM cluster('default', 'pantau_store', 'guarded')",
    "SELECT * FROM remote('127.0.0.1', pantau_store.guarded)",
    "SELECT * FROM view(SELECT * FROM pantau_store.guarded)",
    "SELECT * FROM viewIfPermitted(SELECT secret FROM pantau_store.guarded ELSE null('secret String'))",
    "SELECT * FROM loop(pantau_store.guarded)",
    "SELECT * FROM loop('pantau_store', 'guarded')",
    "SELECT * FROM mergeTreeIndex('pantau_store', 'guarded')",
    "SELECT * FROM dictionary('pantau_store.words')",
    "SELECT dictGet('pantau_store.words', 'secret', toUInt64(1))",
    "SELECT dictGetString('pantau_store.words', 'secret', toUInt64(1))",
    "SELECT joinGet('pantau_store.joined', 'secret', toUInt64(1))",
    "SELECT joinGetOrNull(pantau_store.joined, 'secret', toUInt64(1))",
    "SELECT hasColumnInTable('pantau_store', 'guarded', 'secret')",
    f"SELECT * FROM {FILE}",
    "SELECT file('../outside.txt')",
    "SELECT FILE('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT a, length(file('/etc/passwd')) FROM guarded",
    "SELECT quantile(toFloat64(length(file('/etc/passwd'))))(a) FROM guarded",
    "SELECT * APPLY(x -> file('/etc/passwd')) FROM guarded",
    "SELECT * APPLY(toString) FROM guarded",
    "SELECT * REPLACE (file('/etc/passwd') AS a) FROM guarded",
    "SELECT 1 AS a ORDER BY a WITH FILL FROM length(file('/etc/passwd')) TO 1 INTERPOLATE (a AS 1)",
    "SELECT a FROM guarded LIMIT length(file('/etc/passwd')) BY a",
    "SELECT sum(a) OVER (ROWS BETWEEN length(file('/etc/passwd')) PRECEDING AND CURRENT ROW)"
    " FROM guarded",
    "SELECT 1 FROM guarded ARRAY JOIN [file('/etc/passwd')] AS z",
    "SELECT 1 FROM guarded JOIN guarded g ON file('/etc/passwd') = ''",
    "SELECT a FROM guarded PREWHERE file('/etc/passwd') != ''",
    "SELECT a FROM guarded QUALIFY file('/etc/passwd') != ''",
    "SELECT a FROM guarded GROUP BY GROUPING SETS ((a), (file('/etc/passwd')))",
    "SELECT * FROM numbers(length(file('/etc/passwd')))",
    "SELECT * FROM values('a String', file('/etc/passwd'))",
    "SELECT * FROM pantau.guarded_from(least = length(file('/etc/passwd')))",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM sqlite('x', 'y')",
    "SELECT * FROM executable('cat /etc/passwd', 'LineAsString', 'a String')",
    "SELECT * FROM python('print(1)')",
    "SELECT * FROM filesystem('/')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM input('a UInt8')",
    "SELECT aiGenerate('x')",
    "SELECT getServerSetting('path'), getMacro('x')",
    "SELECT sleep(3)",
    "SELECT addressToLine(1)",
    # Metadata beyond our own database.
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.disks",
    "SELECT * FROM system.dictionaries",
    "SELECT * FROM system.server_settings",
    "SELECT 1 IN system.processes",
    "SELECT * FROM default.x",
    "SHOW TABLES FROM pantau_store",
    "SHOW COLUMNS FROM guarded FROM pantau_store",
    "SHOW CREATE TABLE pantau_store.guarded",
    "SHOW CREATE DATABASE pantau_store",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "SHOW TABLES WHERE (SELECT count() FROM pantau_store.guarded)",
    "DESCRIBE pantau_store.guarded",
    "DESCRIBE url('http://127.0.0.1:1/')",
    "DESCRIBE (SELECT * FROM pantau_store.guarded)",
    "EXISTS pantau_store.guarded",
    "EXPLAIN SELECT * FROM pantau_store.guarded",
    "EXPLAIN AST SELECT * FROM pantau_store.guarded",
    "EXPLAIN PLAN actions = 1 SELECT * FROM pantau_store.guarded",
    "SELECT * FROM (EXPLAIN SELECT * FROM pantau_store.guarded)",
    "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:1', 'd', 't', 'u', 'p') PARTITION BY a",
    "EXPLAIN CREATE TABLE x (a UInt8) ENGINE = Log",
    # Anything that is not reading.
    "CREATE TABLE pantau.x (a UInt8) ENGINE = Memory",
    "CREATE VIEW pantau.x AS SELECT * FROM pantau_store.guarded",
    "CREATE TEMPORARY TABLE x (a UInt8)",
    "CREATE FUNCTION f AS () -> file('/etc/passwd')",
    "INSERT INTO pantau_store.guarded VALUES (1, 'x')",
    'INSERT INTO pantau_store.guarded FORMAT JSONEachRow {"a": 1}',
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/') SELECT 1",
    "INSERT INTO FUNCTION file('x.csv') SELECT 1",
    "ALTER TABLE pantau_store.guarded DELETE WHERE 1",
    "DELETE FROM pantau_store.guarded WHERE 1",
    "DROP VIEW pantau.guarded",
    "TRUNCATE TABLE pantau_store.guarded",
    "RENAME TABLE pantau_store.guarded TO pantau.x",
    "ATTACH TABLE x",
    "BACKUP DATABASE pantau_store TO File('x')",
    "KILL QUERY WHERE 1",
    "SYSTEM FLUSH LOGS",
    "USE pantau_store",
    "SET max_execution_time = 0",
    "SET param_x = 1",
    "GRANT ALL ON *.* TO default",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS additional_table_filters = {}",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
    "DESCRIBE pantau.guarded SETTINGS max_threads = 9",
    "SELECT 1 FORMAT CSV SETTINGS max_threads = 9",
    "SELECT 1 PARALLEL WITH DROP VIEW pantau.guarded",
    "BEGIN TRANSACTION",
    "EXECUTE AS default SELECT 1",
    # More than one statement, and half of one.
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW pantau.guarded",
    "SELECT 1) UNION ALL (SELECT * FROM pantau_store.guarded",
    "SELECT 1\n) , (SELECT * FROM pantau_store.guarded",
    "",
    ";",
    "SELECT '",
    "\x00",
)


@pytest.mark.parametrize("sql", DENIED)
def test_denies(store: EmbeddedClickHouse, sql: str) -> None:
    answer = store.post(sql, "analyst")
    assert answer.headers.get("X-ClickHouse-Exception-Code") in {"497", "62"}, answer.text
    assert SECRET not in answer.text


def test_writes_no_file(store: EmbeddedClickHouse, tmp_path: Path) -> None:
    target = tmp_path / "out"
    for sql in (
        f"SELECT 1 INTO OUTFILE '{target}'",
        f"SELECT 1 INTO OUTFILE '{target}' FORMAT CSV",
        f"EXPLAIN AST SELECT 1 INTO OUTFILE '{target}' FORMAT CSV",
        f"EXPLAIN SELECT 1 INTO OUTFILE '{target}'",
        f"DESCRIBE pantau.guarded INTO OUTFILE '{target}'",
        f"SHOW TABLES INTO OUTFILE '{target}'",
        f"SELECT 1 UNION ALL SELECT 2 INTO OUTFILE '{target}' APPEND AND STDOUT FORMAT TSV",
    ):
        assert store.post(sql, "analyst").status_code >= 400
        assert not target.exists()


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT * FROM {t:Identifier}", {"param_t": "pantau_store.guarded"}),
        (
            "SELECT * FROM {d:Identifier}.{t:Identifier}",
            {"param_d": "pantau_store", "param_t": "guarded"},
        ),
        ("SELECT (1, 'x') IN {t:Identifier}", {"param_t": "pantau_store.guarded"}),
        ("SELECT {x:UInt8}", {"param_x, readonly": "1"}),
        ("SELECT 1", {"param_x = '1', readonly": "0"}),
    ],
)
def test_parameters_inject_nothing(
    store: EmbeddedClickHouse, sql: str, params: dict[str, str]
) -> None:
    answer = store.post(sql, "analyst", **params)
    assert answer.status_code >= 400
    assert SECRET not in answer.text


def test_parameters_are_values(store: EmbeddedClickHouse) -> None:
    text = "x', readonly = 0, y = '\\\\"
    answer = store.post("SELECT {x:String} AS x FORMAT TSVRaw", "analyst", param_x=text)
    assert answer.text == "x', readonly = 0, y = '\\\n"
    answer = store.post("SELECT a FROM {t:Identifier} LIMIT 1", "analyst", param_t="guarded")
    assert answer.text == "0\n"


@pytest.mark.parametrize(
    "params",
    [
        {"readonly": "0"},
        {"additional_table_filters": "{}"},
        {"format_schema": "x"},
        {"format_template_row": "/etc/passwd"},
        {"database": "pantau_store"},
        {"database": "system"},
        {"log_comment": "x"},
        {"max_threads = 1, readonly": "0"},
    ],
)
def test_settings_lift_no_limit(store: EmbeddedClickHouse, params: dict[str, str]) -> None:
    answer = store.post("SELECT 1", "analyst", **params)
    assert answer.headers["X-ClickHouse-Exception-Code"] in {"115", "164", "497"}


def test_settings_may_lower_limits(store: EmbeddedClickHouse) -> None:
    answer = store.post("SELECT * FROM numbers(20)", "analyst", max_result_rows="10")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "396"


def test_metadata_shows_the_public_database_only(store: EmbeddedClickHouse) -> None:
    for sql in (
        "SELECT DISTINCT database FROM system.tables",
        "SELECT DISTINCT database FROM system.columns",
        "SELECT name FROM system.databases",
        "SHOW DATABASES",
    ):
        assert store.post(sql, "analyst").text == "pantau\n"


def test_metadata_says_no_path_no_other_database_and_no_sql(store: EmbeddedClickHouse) -> None:
    tables = store.post("SELECT groupArray(name) FROM system.tables", "analyst").text
    assert "guarded" in tables
    asked = [f"SELECT * FROM {table} FORMAT JSONEachRow" for table in sorted(VIEWED)]
    asked += [sql.replace("information_schema", "INFORMATION_SCHEMA") for sql in asked]
    asked += ["SHOW TABLES", "SHOW DATABASES", "SHOW FULL TABLES", "SELECT * FROM guarde"]
    asked += ["SELECT throwIf(1)", "SELECT * FROM pantau.joined", "SELECT * FROM system.functions"]
    for sql in asked:
        text = store.post(sql, "analyst").text
        for word in ("pantau_store", "pantau_meta", "guarded WHERE a", str(store.home.path)):
            assert word not in text.replace(sql, ""), (sql, text)


def test_no_parameter_reaches_metadata_behind_the_views(store: EmbeddedClickHouse) -> None:
    for sql in (
        "SELECT * FROM {d:Identifier}.{t:Identifier}",
        "SELECT * FROM {d:Identifier}.tables",
    ):
        params = {"param_d": "system", "param_t": "tables"}
        assert "pantau_store" not in store.post(sql, "analyst", **params).text


def test_settings_that_are_taken_are_not_read_only(store: EmbeddedClickHouse) -> None:
    client = store.client("analyst")
    result = client.query(
        "SELECT count() FROM numbers(100)", settings={"max_execution_time": 5, "max_threads": 1}
    )
    assert result.result_rows == [(100,)]
    with pytest.raises(Error):
        client.query("SELECT 1", settings={"max_memory_usage_for_user": 5})


def test_endless_query_is_cut_off(store: EmbeddedClickHouse) -> None:
    answer = store.post("SELECT count() FROM numbers(1e15)", "analyst", max_execution_time="1")
    assert answer.status_code == 408
    assert answer.headers["X-ClickHouse-Exception-Code"] == "159"

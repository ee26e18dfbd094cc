"""A store as the code of an older commit left it: see make_filled_store.sh."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from contracts.results.generations import FIRST
from contracts.results.tables import table_of
from storage import generation_tables, migrate
from storage.schema import STORE
from storage.views import PUBLIC

ARCHIVE: Final = Path(__file__).parent / "filled_store.zip"
OLD_MIGRATIONS: Final = 3
"""What that code had. Frozen: the very statements that made an installed store."""


def clear(client: Client) -> None:
    """No database of Pantau's is left."""
    for database in (PUBLIC, STORE):
        client.command(f"DROP DATABASE IF EXISTS {database} SYNC")


def restore(client: Client, generation: int = FIRST) -> dict[str, str]:
    """Make the old store; what it holds, JSON lines by table. `generation` gets the rebuilt tables' rows too."""
    clear(client)
    for migration in migrate.read()[:OLD_MIGRATIONS]:
        for statement in migration.statements:
            client.command(statement)
            client.command(generation_tables.in_generation(statement, generation))
    client.command(_RECORD)
    with zipfile.ZipFile(ARCHIVE) as archive:
        rows = {Path(name).stem: archive.read(name).decode() for name in archive.namelist()}
    for table, lines in rows.items():
        for name in {table, table_of(table, generation)}:
            client.raw_insert(
                f"{STORE}.{name}",
                insert_block=lines.encode(),
                settings={"input_format_null_as_default": 0},
                fmt="JSONEachRow",
            )
    return rows


_RECORD: Final = (
    f"CREATE TABLE {STORE}.migrations (id String, name String, checksum String, applied_at DateTime('UTC') DEFAULT now()) "
    "ENGINE = ReplacingMergeTree(applied_at) ORDER BY id"
)

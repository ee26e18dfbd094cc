"""Migrations of the ClickHouse schema: numbered SQL files, each applied once, in order.

`python -m storage.migrate` applies what is missing and ends. Statements in a file end with `;` at the
end of a line. ClickHouse has no transactional DDL: a file that failed half way is run again from
its start, so its statements must stand being repeated (`IF NOT EXISTS`, `OR REPLACE`).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from chassis import logs
from chassis.datadir import DataDirError
from chassis.settings import Settings
from contracts.results.databases import STORE_DATABASE
from storage import generation_tables
from storage.clickhouse_client import open_writer

FOLDER: Final = Path(__file__).parent / "migrations"
TABLE: Final = f"{STORE_DATABASE}.migrations"

_FILE: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_COMMENT: Final = re.compile(r"^--.*$", re.MULTILINE)
_END: Final = re.compile(r";[ \t]*$", re.MULTILINE)

log = logs.get("storage.migrate")


class MigrationError(Exception):
    """The files and what was applied disagree, or a statement failed. Says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `id`: its four digits; `checksum`: SHA-256 of its bytes, hex."""

    id: str
    name: str
    checksum: str
    statements: tuple[str, ...]


def read(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All migrations of `folder`, in order. Raises `MigrationError` on a wrong or doubled name."""
    found: dict[str, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: name it NNNN_words.sql")
        if match[1] in found:
            raise MigrationError(f"{path.name} and {found[match[1]].name} have the same number")
        content = path.read_bytes()
        found[match[1]] = Migration(
            match[1], path.name, hashlib.sha256(content).hexdigest(), _statements(content.decode())
        )
    return tuple(found.values())


def _statements(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _END.split(_COMMENT.sub("", text)))
    return tuple(part for part in parts if part)


def run(client: Client, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is missing; the ids applied now. One process at a time.

    Raises `MigrationError` if an applied file has changed or gone, or if a statement failed.
    """
    wanted = read() if migrations is None else tuple(migrations)
    _prepare(client)
    rows = client.query(f"SELECT id, name, checksum FROM {TABLE} FINAL ORDER BY id").result_rows
    applied = {str(row[0]): (str(row[1]), str(row[2])) for row in rows}
    _check(wanted, applied)
    missing = [migration for migration in wanted if migration.id not in applied]
    for migration in missing:
        _apply(client, migration)
    return tuple(migration.id for migration in missing)


def _prepare(client: Client) -> None:
    client.command(f"CREATE DATABASE IF NOT EXISTS {STORE_DATABASE} ENGINE = Atomic")
    client.command(
        f"CREATE TABLE IF NOT EXISTS {TABLE} ("
        "`id` String COMMENT 'Four digits of the file name', "
        "`name` String COMMENT 'File name', "
        "`checksum` String COMMENT 'SHA-256 of the file, hex', "
        "`applied_at` DateTime('UTC') DEFAULT now() COMMENT 'When it was applied (real time)') "
        "ENGINE = ReplacingMergeTree(applied_at) ORDER BY id "
        "COMMENT 'Schema migrations that were applied'"
    )


def _check(wanted: Sequence[Migration], applied: dict[str, tuple[str, str]]) -> None:
    known = {migration.id: migration for migration in wanted}
    for number, (name, checksum) in applied.items():
        if number not in known:
            raise MigrationError(
                f"{name} was applied to this database but is not in this version: "
                "it is newer than the program; upgrade the program"
            )
        if known[number].checksum != checksum:
            raise MigrationError(
                f"{known[number].name} has changed since it was applied: restore the file and put "
                "the change into a new one with the next number"
            )
    last = max(applied, default="")
    for migration in wanted:
        if migration.id not in applied and migration.id < last:
            raise MigrationError(f"{migration.name} comes before {last}, which was applied already")


def _apply(client: Client, migration: Migration) -> None:
    for statement in _in_generations(client, migration.statements):
        try:
            client.command(statement)
        except ClickHouseError as error:
            raise MigrationError(
                f"{migration.name}: {error}\nin: {statement[:200]}\nmend the cause and run it again"
            ) from error
    client.insert(
        TABLE,
        [[migration.id, migration.name, migration.checksum]],
        column_names=["id", "name", "checksum"],
        settings={"async_insert": "0"},
    )
    log.info("migration applied", migration=migration.name, statements=len(migration.statements))


def _in_generations(client: Client, statements: Sequence[str]) -> Iterator[str]:
    """Files name the tables of the first generation: a view shows those of the one shown, a table is changed in each."""
    shown = generation_tables.shown(client) or 1
    kept = generation_tables.existing(client) | {shown}
    for statement in statements:
        is_view = generation_tables.PUBLIC_VIEW.search(statement) is not None
        yield from dict.fromkeys(
            generation_tables.in_generation(statement, number)
            for number in ({shown} if is_view else sorted(kept))
        )


def main() -> None:
    """Apply what is missing to the ClickHouse of the settings; one line on stderr if it fails."""
    settings = Settings()
    logs.configure("migrate", settings.log_level)
    try:
        run(open_writer(settings))
    except (ClickHouseError, DataDirError, MigrationError) as error:
        sys.exit(f"pantau: {error}")


if __name__ == "__main__":
    main()

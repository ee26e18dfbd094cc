"""Migrations of the ClickHouse schema: numbered SQL files, each applied once, in order; then the views.

`python -m storage.migrate` applies what is missing and ends. A file that was ever shipped is never edited:
a test holds `migrations/SHA256SUMS` to it. Views hold no data, so they are no migrations: each is replaced whenever its
definition is another than the one recorded.

ClickHouse has no transactional DDL and no lock. A file that failed half way is run again from its start, and two
processes may apply the same file at once: each statement must stand being repeated (`IF NOT EXISTS`, `OR REPLACE`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from chassis import logs, service
from chassis.operator_error import OperatorError
from contracts.results.generations import FIRST
from storage import generation_tables
from storage.clickhouse_client import open_writer
from storage.schema import STORE, text
from storage.views import PUBLIC, VIEWS, View, view_sql

FOLDER: Final = Path(__file__).parent / "migrations"
FROZEN: Final = "SHA256SUMS"
"""Names and checksums of what was shipped, as `sha256sum` writes them."""
TABLE: Final = f"{STORE}.migrations"

_FILE: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_COMMENT: Final = re.compile(r"^--.*$", re.MULTILINE)
_END: Final = re.compile(r";[ \t]*$", re.MULTILINE)
_VIEW: Final = "view."
"""Begins the id of a view's record."""

log = logs.get("storage.migrate")


class MigrationError(OperatorError):
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
            match[1],
            path.name,
            hashlib.sha256(content).hexdigest(),
            statements_of(content.decode()),
        )
    return tuple(found.values())


def freeze(words: str, statements: Sequence[str], folder: Path = FOLDER) -> Path:
    """Write the next migration, named `words`, and its line in `SHA256SUMS`; where it is."""
    number = int(max((one.id for one in read(folder)), default="0")) + 1
    path = folder / f"{number:04d}_{words}.sql"
    path.write_text("\n".join(f"{statement};\n" for statement in statements), encoding="utf-8")
    with (folder / FROZEN).open("a", encoding="ascii") as frozen:
        frozen.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    return path


def statements_of(content: str) -> tuple[str, ...]:
    """The statements of a SQL file: each ends with `;` at the end of a line, a comment takes full lines."""
    parts = (part.strip() for part in _END.split(_COMMENT.sub("", content)))
    return tuple(part for part in parts if part)


def run(
    client: Client, migrations: Sequence[Migration] | None = None, views: Sequence[View] = VIEWS
) -> tuple[str, ...]:
    """Apply what is missing and let the views be `views`; the numbers applied now. Any number of processes at once.

    Raises `MigrationError` if the store is newer than this program, an applied file has changed, or a statement failed.
    """
    wanted = read() if migrations is None else tuple(migrations)
    _prepare(client)
    applied = []
    # The record is read again before each file: another process may be at work on the same store.
    while (missing := _missing(wanted, _recorded(client))) is not None:
        _apply(client, missing)
        applied.append(missing.id)
    _replace_views(client, views)
    return tuple(applied)


def _prepare(client: Client) -> None:
    client.command(f"CREATE DATABASE IF NOT EXISTS {STORE} ENGINE = Atomic")
    client.command(
        f"CREATE TABLE IF NOT EXISTS {TABLE} ("
        "`id` String COMMENT 'Four digits of the file name', "
        "`name` String COMMENT 'File name', "
        "`checksum` String COMMENT 'SHA-256 of the file, hex', "
        "`applied_at` DateTime('UTC') DEFAULT now() COMMENT 'When it was applied (real time)') "
        "ENGINE = ReplacingMergeTree(applied_at) ORDER BY id "
        "COMMENT 'Schema migrations that were applied'"
    )


def _recorded(client: Client) -> dict[str, tuple[str, str]]:
    """Id -> name and checksum, of migrations and (id `view.<name>`) of views."""
    rows = client.query(f"SELECT id, name, checksum FROM {TABLE} FINAL ORDER BY id").result_rows
    return {str(row[0]): (str(row[1]), str(row[2])) for row in rows}


def _record(client: Client, id_: str, name: str, checksum: str) -> None:
    client.insert(
        TABLE,
        [[id_, name, checksum]],
        column_names=["id", "name", "checksum"],
        settings={"async_insert": "0"},
    )


def _missing(wanted: Sequence[Migration], recorded: dict[str, tuple[str, str]]) -> Migration | None:
    """The first file that is not applied yet, once what is applied and the files agree."""
    applied = {id_: one for id_, one in recorded.items() if not id_.startswith(_VIEW)}
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
    missing = next((one for one in wanted if one.id not in applied), None)
    if missing is not None and missing.id < last:
        raise MigrationError(f"{missing.name} comes before {last}, which was applied already")
    return missing


def _apply(client: Client, migration: Migration) -> None:
    for statement in _in_generations(client, migration.statements):
        _command(client, migration.name, statement)
    _record(client, migration.id, migration.name, migration.checksum)
    log.info("migration applied", migration=migration.name, statements=len(migration.statements))


def _command(client: Client, name: str, statement: str) -> None:
    """Run one statement of the migration or view `name`."""
    try:
        client.command(statement)
    except ClickHouseError as error:
        raise MigrationError(
            f"{name}: {error}\nin: {statement[:200]}\nmend the cause and run it again"
        ) from error


def _in_generations(client: Client, statements: Sequence[str]) -> Iterator[str]:
    """Files name the tables of the first generation: the tables of each that is there are altered."""
    there = sorted(generation_tables.existing(client)) or [FIRST]
    for statement in statements:
        yield from dict.fromkeys(
            generation_tables.in_generation(statement, number) for number in there
        )


def _replace_views(client: Client, views: Sequence[View]) -> None:
    """Let database `pantau` hold `views`: each that is missing or defined in another way is replaced, in one step."""
    recorded = {id_: one[1] for id_, one in _recorded(client).items() if id_.startswith(_VIEW)}
    rows = client.query(f"SELECT name FROM system.tables WHERE database = '{PUBLIC}'").result_rows
    there = {str(name) for (name,) in rows}
    shown = generation_tables.shown(client) or FIRST
    for view in views:
        sql = generation_tables.in_generation(view_sql(view), shown)
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        if view.name not in there or recorded.get(_VIEW + view.name) != checksum:
            _command(client, view.name, sql)
            _record(client, _VIEW + view.name, view.name, checksum)
            log.info("view replaced", view=view.name)
    for id_ in recorded.keys() - {_VIEW + view.name for view in views}:
        _command(client, id_, f"DROP VIEW IF EXISTS {PUBLIC}.`{id_.removeprefix(_VIEW)}`")
        client.command(f"DELETE FROM {TABLE} WHERE id = {text(id_)}")


def _work(of: service.Service) -> None:
    try:
        run(open_writer(of.settings))
    except ClickHouseError as error:
        raise MigrationError(str(error)) from error


def main() -> NoReturn:
    """Applies what is missing to the ClickHouse of the settings."""
    service.run("migrate", _work)


if __name__ == "__main__":
    main()

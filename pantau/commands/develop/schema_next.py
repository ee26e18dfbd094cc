"""`pantau schema next`: the statements of the next migration, for whoever changes a table."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from chassis.operator_error import OperatorError


def _statements() -> tuple[str, ...]:
    """What all migrations leave to do on an engine of our own."""
    from pantau.processes.empty_engine import empty_engine
    from storage import migrate
    from storage.next_migration import NotAlterableError, next_statements

    try:
        with empty_engine() as client:
            migrate.run(client)
            return next_statements(client)
    except NotAlterableError as error:
        raise OperatorError(str(error)) from None


def register(app: typer.Typer) -> None:
    """Add the command."""
    schema = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(schema, name="schema", short_help="For developers: write the next migration.")

    # One command alone would be the group itself.
    schema.callback()(lambda: None)

    @schema.command("next")
    def next_migration(
        write: Annotated[
            str | None,
            typer.Option(metavar="WORDS", help="Write the file NNNN_WORDS.sql and freeze it."),
        ] = None,
    ) -> None:
        """Print the statements that lead from the tables that all migrations make to their definitions.

        Needs no installation: it asks an embedded ClickHouse of its own. Views need no migration.

        \b
        Example:
          pantau schema next --write letters_by_whom
        """
        if write is not None and not re.fullmatch(r"[a-z0-9_]+", write):
            raise OperatorError(f"--write {write!r}: name it in small letters, digits and _")
        statements = _statements()
        for statement in statements:
            typer.echo(f"{statement};\n")
        if write is None:
            return
        if not statements:
            raise OperatorError(
                "the migrations lead to the definitions already: there is nothing to write"
            )
        from storage.migrate import freeze

        typer.echo(f"written: {freeze(write, statements)}", err=True)

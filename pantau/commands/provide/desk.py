"""`pantau desk`: accounts of the people of the command center."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.operator_error import OperatorError
from contracts.tokens import PROVIDER_MARK, Role
from pantau.installation import running_settings
from pantau.revoke import revoke

_DataDir = Annotated[
    Path | None,
    typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
]
_User = Annotated[str, typer.Argument(help="Name to log in with.", metavar="USER")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Accounts of people who act on alerts, at /desk of the gateway.", no_args_is_help=True
    )
    app.add_typer(group, name="desk")

    @group.command("add")
    def add(
        user: _User,
        role: Annotated[
            Role,
            typer.Option(
                help="desk: acknowledges. health: also assesses clusters, sees counts under 5. admin: as desk, and sees all."
            ),
        ],
        data_dir: _DataDir = None,
    ) -> None:
        """Add a person, or give a new password or role. The password is asked for; without a terminal it is the first line of stdin.

        \b
        Example:
          pantau desk add ratna --role health
          pantau desk add ratna --role health < password.txt
        """
        settings = running_settings(data_dir)
        if not 1 <= len(user) <= 100:
            raise OperatorError("a user has 1 to 100 characters")
        if user.endswith(PROVIDER_MARK):
            raise OperatorError(
                f"names that end with{PROVIDER_MARK} are those of a provider's people"
            )
        DeskAccounts(DataDir(settings.data_dir)).put(user, role, _password())
        typer.echo(f"{user} may log in at /desk as {role}.", err=True)

    @group.command("list")
    def list_accounts(data_dir: _DataDir = None) -> None:
        """Print each user with its role."""
        accounts = DeskAccounts(DataDir(running_settings(data_dir).data_dir)).all()
        for user, account in sorted(accounts.items()):
            typer.echo(f"{user}\t{account.role}")

    @group.command("remove")
    def remove(user: _User, data_dir: _DataDir = None) -> None:
        """Remove a person, and end all their sessions.

        Of a person of the provider, as in `pantau desk remove "ratna (dinas)"`, the sessions end; take the role away there.
        """
        settings = running_settings(data_dir)
        if user.endswith(PROVIDER_MARK):
            revoke(settings, "operator", user)
            typer.echo(
                f"All sessions of {user} are ended. Take the role away at the provider.", err=True
            )
            return
        if not DeskAccounts(DataDir(settings.data_dir)).remove(user):
            raise OperatorError(f"there is no user {user}: pantau desk list")
        revoke(settings, "operator", user)
        typer.echo(f"{user} is removed.", err=True)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")

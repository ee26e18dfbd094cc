"""`pantau wall`: the link that opens the wall on a screen, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chassis.clocks import secret_key
from pantau.dev_tokens import new_wall, wall_url
from pantau.installation import running_settings
from pantau.revoke import revoke

_DataDir = Annotated[
    Path | None,
    typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(invoke_without_command=True)
    app.add_typer(group, name="wall", short_help="Print a link that opens the wall on one screen.")

    @group.callback()
    def link(
        context: typer.Context,
        url: Annotated[
            str | None,
            typer.Option(help="Address of the gateway as the screen reaches it.", metavar="URL"),
        ] = None,
        data_dir: _DataDir = None,
    ) -> None:
        """Print a link that opens the wall on one screen. It works once, within 10 minutes.

        The screen stays signed in from then on. Whoever has the link can use it: hand it over as you would a password.
        Note the wall's id, which goes to stderr: `pantau wall revoke ID` ends it.

        \b
        Example:
          pantau wall --url https://pantau.example.go.id
        """
        if context.invoked_subcommand is not None:
            return
        settings = running_settings(data_dir)
        base = url or f"http://{settings.host}:{settings.gateway_port}"
        wall = new_wall()
        typer.echo(wall_url(base.rstrip("/"), secret_key(settings), wall))
        typer.echo(f"This wall's id is {wall}. To end it: pantau wall revoke {wall}", err=True)

    @group.command("revoke")
    def revoke_wall(
        wall: Annotated[str, typer.Argument(help="Id of the wall.", metavar="ID")],
        data_dir: _DataDir = None,
    ) -> None:
        """End a wall: its screen, and its link if it is still open, within a minute."""
        revoke(running_settings(data_dir), "wall", wall)
        typer.echo(f"{wall} is ended.", err=True)

"""`pantau wall`: the link that opens the wall on a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chassis.clocks import secret_key
from pantau.dev_tokens import wall_url
from pantau.installation import running_settings


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("wall", short_help="Print a link that opens the wall on one screen.")
    def wall(
        url: Annotated[
            str | None,
            typer.Option(help="Address of the gateway as the screen reaches it.", metavar="URL"),
        ] = None,
        data_dir: Annotated[
            Path | None,
            typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR."),
        ] = None,
    ) -> None:
        """Print a link that opens the wall on one screen. It works once, within 10 minutes.

        The screen stays signed in from then on. Whoever has the link can use it: hand it over as you would a password.

        \b
        Example:
          pantau wall --url https://pantau.example.go.id
        """
        settings = running_settings(data_dir)
        base = url or f"http://{settings.host}:{settings.gateway_port}"
        typer.echo(wall_url(base.rstrip("/"), secret_key(settings)))

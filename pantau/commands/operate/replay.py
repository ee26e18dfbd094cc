"""`pantau replay`: rebuild every window from the stored events, beside the running installation, then switch."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from chassis.operator_error import OperatorError
from pantau.installation import running_settings


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("replay", short_help="Rebuild all windows from the stored events, then switch.")
    def replay(
        back: Annotated[
            bool, typer.Option("--back", help="Show the generation before again.")
        ] = False,
        drop: Annotated[
            bool,
            typer.Option("--drop-old", help="Remove the generations that are not shown."),
        ] = False,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the running installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Rebuild every window from the event log as a new generation, beside the one that is shown. When it has
        caught up and the audit finds no difference, walls and analysts are shown the new one; else nothing changes.

        Everything goes on meanwhile. If it is interrupted, run it again. The old generation stays, standing
        still, until --drop-old; --back lets it catch up and shows it again. Progress goes to stderr.

        \b
        Examples:
          pantau replay --data-dir data
          pantau replay --drop-old --data-dir data
        """
        # Imported when run: other commands need not wait for the clients of Kafka and ClickHouse.
        from pantau.replay.rebuild import drop_old
        from pantau.replay.rebuild import replay as run

        if back and drop:
            raise OperatorError("give --back or --drop-old, not both")
        for name in ("kafka", "aiokafka"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        settings = running_settings(data_dir)
        if drop:
            dropped = ", ".join(map(str, drop_old(settings))) or "tidak ada"
            typer.echo(f"generasi yang dihapus: {dropped}")
        else:
            typer.echo(f"generasi yang ditampilkan: {run(settings, back)}")

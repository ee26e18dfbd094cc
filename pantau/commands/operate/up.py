"""`pantau up`: all parts of an installation on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pantau.installation import ClockKind


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("up", short_help="Run everything on this machine until Ctrl-C.")
    def up(
        region: Annotated[
            list[str] | None,
            typer.Option(help="Region code, e.g. 32.11. Repeat it for several.", metavar="CODE"),
        ] = None,
        simulate: Annotated[
            bool,
            typer.Option(help="Run a simulated kabupaten. Implies --clock demo and --dev-tokens."),
        ] = False,
        data_dir: Annotated[
            Path | None,
            typer.Option(help="Folder of the installation. Default: PANTAU_DATA_DIR, else ./data."),
        ] = None,
        base_port: Annotated[
            int | None,
            typer.Option(
                help="N ingest, N+1 gateway and wall, N+2 ClickHouse, N+3 Kafka. Default: 8080.",
                min=1,
                max=65_532,
            ),
        ] = None,
        clock: Annotated[
            ClockKind | None,
            typer.Option(help="real: the machine's time. demo: a day in 20 minutes."),
        ] = None,
        day: Annotated[
            str | None,
            typer.Option(
                help="Local day that the demo clock begins with, YYYY-MM-DD. Default: the next day of service.",
                metavar="DAY",
            ),
        ] = None,
        broker: Annotated[
            str | None,
            typer.Option(
                help="Use the Kafka at this address instead of starting one.", metavar="HOST:PORT"
            ),
        ] = None,
        dev_tokens: Annotated[
            bool,
            typer.Option(
                "--dev-tokens", help="Write a file with tokens for every device. Not for real use."
            ),
        ] = False,
        host: Annotated[
            str | None,
            typer.Option(help="Address that ingest and gateway listen on. Default: 127.0.0.1."),
        ] = None,
    ) -> None:
        """Run everything on this machine until Ctrl-C: broker, ClickHouse, ingest, streams, sinks, gateway.

        When all parts are ready, one line of JSON with their addresses goes to stdout; everything
        else goes to stderr, and to logs/ in the data dir. A part that dies is started again.
        Events survive a stop and a kill; start again with the same --data-dir to go on.

        \b
        Examples:
          pantau up --simulate                        a simulated day of Sumedang
          pantau up --simulate --day 2026-12-23       a day of the calendar, in a new data dir
          pantau up --data-dir /srv/pantau            real events, real clock
          pantau up --region 32.08 --base-port 9000   another kabupaten, other ports
          pantau up --broker kafka-1:9092             a Kafka that is already there
        """
        # Imported when run: other commands need not wait for the clients of Kafka and ClickHouse.
        from pantau.up.bring_up import up as bring_up
        from pantau.up.plan import UpOptions, plan

        bring_up(
            plan(
                UpOptions(
                    regions=tuple(region) if region else None,
                    simulate=simulate,
                    data_dir=data_dir,
                    base_port=base_port,
                    clock=clock,
                    broker=broker,
                    dev_tokens=dev_tokens,
                    host=host,
                    day=day,
                )
            )
        )

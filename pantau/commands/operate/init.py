"""`pantau init`: prepare a Kafka and a ClickHouse that others run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from chassis.operator_error import OperatorError
from pantau.installation import new_settings


class Mode(StrEnum):
    """What the installation will hold, for good."""

    REAL = "real"
    SIMULATED = "simulated"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("init", short_help="Prepare a Kafka and a ClickHouse that others run.")
    def init(
        mode: Annotated[
            Mode,
            typer.Option(
                help="What will be in it, for good. simulated: also write tokens for the simulator."
            ),
        ] = Mode.REAL,
        wait: Annotated[
            float, typer.Option(help="Seconds to wait for Kafka and for ClickHouse.", min=0)
        ] = 120.0,
    ) -> None:
        """Make topics and tables, and publish the region folders, where services are started by something else than `pantau up`.

        Run it before the services at every start: what is there already stays as it is.
        PANTAU_BROKER, PANTAU_CLICKHOUSE_URL, PANTAU_CLICKHOUSE_PASSWORD and PANTAU_SECRET_KEY say where and as whom.

        \b
        Example:
          PANTAU_BROKER=kafka-1:9092 PANTAU_CLICKHOUSE_URL=http://ch-1:8123 pantau init
        """
        # Imported when run: other commands need not wait for the clients of Kafka and ClickHouse.
        from pantau.up.initialise import initialise

        settings = new_settings()
        if settings.clock != "real":
            raise OperatorError(
                "the demo clock is kept by `pantau up` alone: set PANTAU_CLOCK=real"
            )
        initialise(settings, mode.value, wait)

"""`pantau simulate`: a simulated kabupaten sends to a running installation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from chassis import logs
from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.time.days import day_to_iso
from pantau.installation import read_stamp, running_settings

if TYPE_CHECKING:
    from producers.simulator.sending.play import PlayOptions


class Scenario(StrEnum):
    """What happens on the simulated days."""

    NORMAL = "normal"
    OUTBREAK = "outbreak"
    OUTAGE = "outage"


_KINDS: Final[dict[Scenario, Literal["outbreak", "outage"] | None]] = {
    Scenario.NORMAL: None,
    Scenario.OUTBREAK: "outbreak",
    Scenario.OUTAGE: "outage",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("simulate", short_help="Send a simulated kabupaten's days to a running one.")
    def simulate(
        region: Annotated[
            list[str] | None,
            typer.Option(
                help="Region code. Repeat it for several. Default: all of the installation.",
                metavar="CODE",
            ),
        ] = None,
        seed: Annotated[
            int, typer.Option(help="The same seed gives the same days, event for event.", min=0)
        ] = 1,
        speed: Annotated[
            float | None,
            typer.Option(
                help="Catch up with what lies behind at so many seconds of the day a second; "
                "then go with the clock. Default: at once.",
                min=0.001,
            ),
        ] = None,
        scenario: Annotated[
            Scenario,
            typer.Option(
                help="outbreak: many fall ill after one kitchen's meal. "
                "outage: a third of the units lose their network for hours."
            ),
        ] = Scenario.NORMAL,
        past_days: Annotated[
            int, typer.Option(help="Begin so many days before today.", min=0, max=29)
        ] = 0,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Play a kabupaten's kitchens and clinics on a running installation, day after day, until Ctrl-C.

        They cook, drive, serve, measure and report as devices do: in small posts, some late, some
        twice, some corrected. What truly happened is written to truth/<day>.jsonl in the data dir,
        so that every figure on the wall can be checked.

        The installation must be one for simulated events, with dev tokens. Where a simulator plays
        already (`pantau up --simulate`), an outbreak or an outage is added to its days.

        \b
        Examples:
          pantau up --clock demo --dev-tokens                in one terminal
          pantau simulate --region 32.11 --seed 7            in another: ordinary days
          pantau simulate --scenario outbreak                an outbreak at noon
          pantau simulate --scenario outage                  units fall silent, then catch up
          pantau simulate --past-days 7 --speed 20000        a week of history first
        """
        # Imported when run: other commands need not wait for it.
        from producers.simulator.sending.play import PlayOptions

        settings = running_settings(data_dir)
        regions = tuple(region or settings.regions)
        unknown = set(regions) - set(settings.regions)
        if unknown:
            raise OperatorError(
                f"region {', '.join(sorted(unknown))} is not served here, only "
                f"{', '.join(settings.regions)}: start it with `pantau up --region CODE`"
            )
        _check(settings.data_dir)
        logs.configure("simulator", settings.log_level)
        _run(settings, PlayOptions(regions, seed, _KINDS[scenario], speed, past_days))


def _check(path: Path) -> None:
    """Raises `OperatorError` unless an installation for simulated events runs on the data dir."""
    home = DataDir(path)
    stamp = read_stamp(home) if path.exists() else None
    if stamp is None or home.read_run("ingest") is None:
        raise OperatorError(
            f"no installation runs on {path}: start one with `pantau up --clock demo --dev-tokens`, "
            "and name its data dir by PANTAU_DATA_DIR or --data-dir"
        )
    if stamp.mode != "simulated":
        raise OperatorError(
            f"{path} holds real events and takes no simulated ones: simulate on another data dir, "
            "started with `pantau up --clock demo --dev-tokens`"
        )


def _run(settings: Settings, options: PlayOptions) -> None:
    """Play, or hand a scenario to the simulator that plays already."""
    from producers.simulator.sending.play import AlreadyPlayingError, arrange, play

    try:
        play(settings, options)
    except AlreadyPlayingError as error:
        if options.scenario is None:
            raise OperatorError(str(error)) from None
        for one in arrange(settings, options, options.scenario):
            typer.echo(
                f"simulator yang berjalan: {one.kind} di {one.region}, {day_to_iso(one.day)}",
                err=True,
            )
    except ValueError as error:
        raise OperatorError(str(error)) from None

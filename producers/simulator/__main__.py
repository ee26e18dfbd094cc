"""`python -m producers.simulator`: plays on a running installation, or writes days to a file. Settings come from PANTAU_*."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final, Literal, NoReturn

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis import logs, service
from chassis.regions.region_folder import load_region
from chassis.settings import Settings
from contracts.registry.entities import Registry, iso_to_day
from producers.simulator.sending.device_tokens import SimulatorError
from producers.simulator.sending.play import PlayOptions, play
from producers.simulator.sending.to_file import write
from producers.simulator.world import Rates, World

_SCENARIOS: Final = ("normal", "outbreak", "outage")
_log: Final = logs.get("producers.simulator")


class Defaults(BaseSettings):
    """Options from PANTAU_SIMULATOR_*, for who cannot give them: `pantau up --simulate` starts this without any."""

    model_config = SettingsConfigDict(env_prefix="PANTAU_SIMULATOR_", extra="ignore", frozen=True)

    seed: int = Field(1, ge=0)
    scenario: Literal["normal", "outbreak", "outage"] = "normal"
    heartbeat_s: int = Field(300, ge=0)
    temperature_s: int = Field(900, ge=0)
    post_s: int = Field(600, ge=60)


def _parser(defaults: Defaults) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m producers.simulator", description=__doc__)
    add = parser.add_argument
    add("--region", action="append", help="code, repeatable (default: PANTAU_REGIONS)")
    add("--seed", type=int, default=defaults.seed, help="the same seed, the same days")
    add("--scenario", choices=_SCENARIOS, default=defaults.scenario)
    add("--speed", type=float, help="seconds of region time a second, for what lies behind")
    add("--past-days", type=int, default=0, help="begin so many days before today (at most 29)")
    add("--heartbeat-s", type=int, default=defaults.heartbeat_s, help="region seconds, 0: none")
    add("--temperature-s", type=int, default=defaults.temperature_s, help="region seconds, 0: none")
    add("--post-s", type=int, default=defaults.post_s, help="region seconds between posts")
    add("--to-file", type=Path, metavar="PATH", help="write events as lines instead of playing")
    add("--from", dest="from_day", metavar="YYYY-MM-DD", help="first day of the file")
    add("--days", type=int, default=1, help="days in the file")
    return parser


def _work(of: service.Service) -> None:
    settings = of.settings
    given = _parser(Defaults()).parse_args()
    rates = Rates(given.heartbeat_s, given.temperature_s, given.post_s)
    regions = tuple(given.region or settings.regions)
    if given.to_file is not None:
        _to_file(settings, regions, given, rates)
        return
    scenario = None if given.scenario == "normal" else given.scenario
    play(
        settings,
        PlayOptions(regions, given.seed, scenario, given.speed, given.past_days, rates),
    )


def main() -> NoReturn:
    """Plays until SIGTERM, or writes the file."""
    service.run("simulator", _work)


def _to_file(
    settings: Settings, regions: tuple[str, ...], given: argparse.Namespace, rates: Rates
) -> None:
    if given.from_day is None or len(regions) != 1:
        raise SimulatorError("--to-file needs --from YYYY-MM-DD and one --region")
    registry = Registry([load_region(settings.regions_dir / regions[0])])
    world = World(registry, regions[0], given.seed, rates)
    began = time.monotonic()
    written = write(given.to_file, world, iso_to_day(given.from_day), given.days)
    took = time.monotonic() - began
    _log.info(
        "file written",
        path=str(given.to_file),
        events=written.events,
        seconds=round(took, 2),
        events_per_s=round(written.events / max(took, 1e-9)),
    )


if __name__ == "__main__":
    main()

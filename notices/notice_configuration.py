"""Who is written to and how: people.csv of the regions, and notices.yaml."""

from __future__ import annotations

from pathlib import Path

from chassis.operator_error import OperatorError
from chassis.regions.people_file import load_people
from chassis.settings import Settings
from contracts.people import Person
from notices.channels.channel_settings import NoticeSettings, load_notice_settings, unreachable


def notices_file(settings: Settings) -> Path:
    """As set, else in the data dir."""
    return Path(settings.notices_file or settings.data_dir / "notices.yaml")


def read_configuration(settings: Settings) -> tuple[tuple[Person, ...], NoticeSettings]:
    """Who is written to, and how. Raises `OperatorError` for what is wrong with either."""
    people = load_people(settings.regions_dir, settings.regions)
    found = load_notice_settings(notices_file(settings))
    if fault := unreachable(people, found):
        raise OperatorError(fault)
    return people, found

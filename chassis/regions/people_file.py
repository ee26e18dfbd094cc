"""Reads a region's people.csv: who is written to of what, where, and when not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chassis.regions.region_csv import Cells, Faults, RegionError, read_table
from chassis.regions.region_folder import read_region
from contracts.people import (
    ALERT_KINDS,
    CHANNELS,
    NOTICE_ROLES,
    SEVERITIES,
    ChannelName,
    Person,
    QuietHours,
)

PEOPLE_FILE: Final = "people.csv"
PEOPLE_COLUMNS: Final = (
    "person_id", "name", "role", "kinds", "level", "kecamatan", "step", "channels", "quiet", "email", "phone",
    "hook",
)  # fmt: skip
_MOST_STEPS: Final = 5
_LONG_LIST: Final = 500
_PERSON_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_QUIET: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_HOOK: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def people_file(folder: Path, region: str) -> Path:
    """Of a region, in the folder of region folders."""
    return folder / region / PEOPLE_FILE


def is_configured(folder: Path, regions: Iterable[str]) -> bool:
    """Whether somebody may have to be written to."""
    return any(people_file(folder, code).exists() for code in regions)


def load_people(folder: Path, regions: Iterable[str]) -> tuple[Person, ...]:
    """The people of `regions`, nobody of one without the file. Raises `RegionError` with every fault found."""
    faults = Faults()
    people: list[Person] = []
    for code in regions:
        path = people_file(folder, code)
        if not path.exists():
            continue
        kecamatan = frozenset(one.code for one in read_region(folder / code).kecamatan)
        seen: dict[str, str] = {}
        for row in read_table(path, PEOPLE_COLUMNS, faults):
            person = _person(row, code, kecamatan)
            first = seen.setdefault(person.person_id, row.place)
            if first != row.place:
                row.fault("person_id", f"stands in {first} too: give each row an id of its own")
            people.append(person)
    if faults.messages:
        raise RegionError(faults.messages)
    return tuple(people)


def _person(row: Cells, region: str, kecamatan: frozenset[str]) -> Person:
    places = _listed(row, "kecamatan")
    if unknown := [code for code in places if code not in kecamatan]:
        row.fault(
            "kecamatan", f"{unknown[0]!r} is not in region.yaml: write codes, or nothing for all"
        )
    kinds = _listed(row, "kinds")
    if unknown := [kind for kind in kinds if kind not in ALERT_KINDS]:
        row.fault("kinds", f"{unknown[0]!r} is none of {', '.join(ALERT_KINDS)}; nothing for all")
    step = row.count("step", _MOST_STEPS)
    if not step:
        row.fault("step", f"write 1 (at once) to {_MOST_STEPS} (last, if nobody acknowledges)")
    person = Person(
        region=region,
        person_id=_shaped(row, "person_id", _PERSON_ID, "lower case and digits, like dinkes-1"),
        name=row.text("name"),
        role=row.choice("role", NOTICE_ROLES),
        kinds=kinds,
        least=SEVERITIES.index(row.choice("level", SEVERITIES)) + 1,
        kecamatan=places,
        step=step,
        channels=_channels(row),
        quiet=_quiet(row),
        email=_shaped(row, "email", _EMAIL, "an address, like dinkes@example.go.id"),
        phone=_shaped(row, "phone", _PHONE, "a number with + and country, like +6281200000001"),
        hook=_shaped(row, "hook", _HOOK, "the name of a webhook of notices.yaml"),
    )
    for channel in person.channels:
        if not person.address(channel):
            column = {"email": "email", "webhook": "hook"}.get(channel, "phone")
            row.fault(column, f"is empty, but channels names {channel}: fill it in")
    return person


def _listed(row: Cells, column: str) -> tuple[str, ...]:
    text = row.text_or_empty(column, _LONG_LIST)
    return tuple(re.split(r"[\s;,|]+", text)) if text else ()


def _channels(row: Cells) -> tuple[ChannelName, ...]:
    named = _listed(row, "channels")
    if not named or any(name not in CHANNELS for name in named):
        row.fault("channels", f"write one or more of {', '.join(CHANNELS)}, separated by blanks")
    return tuple(channel for channel in CHANNELS if channel in named)


def _quiet(row: Cells) -> QuietHours | None:
    text = row.text_or_empty("quiet")
    if not text:
        return None
    match = _QUIET.fullmatch(text)
    if match is None:
        row.fault("quiet", "is no span of the day: write it like 22:00-05:00, or nothing")
        return None
    first_h, first_min, last_h, last_min = map(int, match.groups())
    return QuietHours(first_h * 60 + first_min, last_h * 60 + last_min)


def _shaped(row: Cells, column: str, pattern: re.Pattern[str], wanted: str) -> str:
    """A cell of one shape. What it holds stays out of the message: it may be a person's address."""
    needed = column == "person_id"
    value = row.text(column) if needed else row.text_or_empty(column)
    if value and not pattern.fullmatch(value):
        row.fault(column, f"has not the right form: write {wanted}")
    return value

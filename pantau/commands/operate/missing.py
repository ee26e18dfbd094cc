"""`pantau missing`: who has not reported by a time of day."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from chassis.clocks import load_clock
from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from contracts.people import Person
from contracts.registry.due_reports import (
    WHOLE_DAY,
    DueReport,
    MissingReports,
    due_reports,
    missing_reports,
)
from contracts.registry.entities import Registry
from contracts.registry.missing_text import missing_text
from contracts.time.days import day_to_iso, iso_to_day
from pantau.installation import running_settings
from pantau.send_now import person_of, send_now

if TYPE_CHECKING:
    from chassis.settings import Settings

_MINUTE_MS: Final = 60_000


class _Asked(msgspec.Struct):
    """`by_min`: minute of the local `day`; `by_ms`: until when reports count (epoch); `is_today`: on the region's clock."""

    region: str
    day: int
    by_min: int
    by_ms: int
    is_today: bool


class _Answer(msgspec.Struct):
    """`as_of_min`: minute of the day until which reports are in, None: none is."""

    found: MissingReports
    as_of_min: int | None


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("missing", short_help="Who has not reported by a time of day.")
    def missing(
        region: Annotated[
            str | None, typer.Option(help="Region code. Default: the first served.")
        ] = None,
        day: Annotated[
            datetime | None,
            typer.Option(formats=["%Y-%m-%d"], help="Local day. Default: today, the region's."),
        ] = None,
        by: Annotated[
            datetime | None,
            typer.Option(
                formats=["%H:%M"], help="Local time. Default: now, also for a day that is over."
            ),
        ] = None,
        kecamatan: Annotated[
            str | None, typer.Option(help="Only of this kecamatan.", metavar="CODE")
        ] = None,
        person: Annotated[
            list[str] | None,
            typer.Option(
                help="Send it to this person_id of people.csv, of the kecamatan that stand there. May be given again.",
                metavar="ID",
            ),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Print kitchens without a delivery and recipients without any report of the day, to be copied into WhatsApp.

        Asked are those whose meal time is over by then: recipients that are served that day and have not declined it, and the kitchens that
        feed them. Reports count that were received by then, whatever time they name.
        With --person it is sent by the channels of notices instead, where anybody had to report; exit code 1 if one did not take it.

        \b
        Examples:
          pantau missing --by 10:00 --kecamatan 32.11.08
          pantau missing --person korcam-cimalaka
        """
        settings = running_settings(data_dir)
        registry = _registry(settings)
        if person:
            if json or region or kecamatan:
                raise OperatorError("--person has its own region and kecamatan, and sends a text")
            people = [row for one in person for row in person_of(settings, one)]
            sent = [_send(settings, registry, one, day, by) for one in people]
            raise typer.Exit(0 if all(sent) else 1)
        asked = _asked(settings, registry, region, day, by)
        known = {one.code for one in registry.region(asked.region).kecamatan}
        if kecamatan is not None and kecamatan not in known:
            raise OperatorError(f"{kecamatan} is no kecamatan of region {asked.region}")
        answer = _answer(settings, registry, asked, () if kecamatan is None else (kecamatan,))
        if json:
            sys.stdout.buffer.write(_as_json(asked, answer))
            return
        typer.echo(_text(settings, registry, asked, answer))


def _send(
    settings: Settings,
    registry: Registry,
    person: Person,
    day: datetime | None,
    by: datetime | None,
) -> bool:
    """Whether each channel has taken it; on a day on which nobody there has to report nothing is sent."""
    asked = _asked(settings, registry, person.region, day, by)
    answer = _answer(settings, registry, asked, person.kecamatan)
    if not answer.found.due:
        typer.echo(f"{person.person_id}: nobody has to report yet, nothing is sent")
        return True
    text = _text(settings, registry, asked, answer)
    title = text.splitlines()[0].replace("*", "")
    outcome = asyncio.run(send_now(settings, person, "missing", title, text))
    for name, error in outcome.items():
        typer.echo(f"{person.person_id} {name}: {error or 'delivered'}")
    return not any(outcome.values())


def _text(settings: Settings, registry: Registry, asked: _Asked, answer: _Answer) -> str:
    area = registry.region(asked.region)
    names = {one.code: one.name for one in area.kecamatan}
    is_simulated = DataDir(settings.data_dir).is_simulated
    return missing_text(
        answer.found, area.name, names, asked.day, asked.by_min, answer.as_of_min, is_simulated
    )


def _registry(settings: Settings) -> Registry:
    from chassis.regions.region_folder import load_regions

    return Registry(load_regions(settings.regions_dir, settings.regions))


def _asked(
    settings: Settings,
    registry: Registry,
    region: str | None,
    day: datetime | None,
    by: datetime | None,
) -> _Asked:
    code = region or registry.codes[0]
    if code not in registry.codes:
        raise OperatorError(f"region {code} is not served here: {', '.join(registry.codes)} are")
    now_ms = load_clock(settings).now_ms()
    today, now_min = registry.local_day(code, now_ms), registry.minute_of_day(code, now_ms)
    chosen = today if day is None else iso_to_day(day.date().isoformat())
    if chosen > today:
        raise OperatorError(f"{day_to_iso(chosen)} is still to come")
    last_min = now_min if chosen == today else WHOLE_DAY
    if by is None:
        return _Asked(code, chosen, last_min, now_ms, chosen == today)
    by_min = by.hour * 60 + by.minute
    if by_min > last_min:
        raise OperatorError(f"it is {_clock(now_min)}: --by is still to come")
    by_ms = registry.zone(code).moment_ms(chosen, by_min)
    return _Asked(code, chosen, by_min, by_ms, chosen == today)


def _answer(
    settings: Settings, registry: Registry, asked: _Asked, areas: tuple[str, ...]
) -> _Answer:
    """`areas`: kecamatan; empty for all."""
    from clickhouse_connect.driver.exceptions import Error

    from pantau.missing_facts import newest_ms, reported_day
    from storage.clickhouse_client import open_analyst

    code, zone = asked.region, registry.zone(asked.region)
    start_ms, end_ms = zone.day_start_ms(asked.day), zone.day_start_ms(asked.day + 1)
    try:
        client = open_analyst(settings)
        facts = reported_day(client, code, asked.day, start_ms, end_ms, asked.by_ms)
        newest = newest_ms(client, code, start_ms) if asked.is_today else end_ms
    except (Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(f"ClickHouse at {settings.clickhouse_url}: {reason}") from None
    due = due_reports(registry, code, asked.day, asked.by_min, facts.declined)
    wanted = [one for one in due if not areas or one.kecamatan in areas]
    as_of = None if newest is None else (newest - start_ms) // _MINUTE_MS
    return _Answer(missing_reports(wanted, facts.reported), as_of)


def _as_json(asked: _Asked, answer: _Answer) -> bytes:
    def shown(one: DueReport) -> dict[str, Any]:
        return msgspec.structs.asdict(one) | {"meal_time": _clock(one.meal_time)}

    body = {
        "region": asked.region,
        "day": day_to_iso(asked.day),
        "by": None if asked.by_min == WHOLE_DAY else _clock(asked.by_min),
        "data_until": None if answer.as_of_min is None else _clock(answer.as_of_min),
        "due": len(answer.found.due),
        "missing": [shown(one) for one in answer.found.missing],
    }
    return msgspec.json.format(msgspec.json.encode(body)) + b"\n"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"

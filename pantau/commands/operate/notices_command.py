"""`pantau notices`: what was delivered to whom, and whether a person can be reached."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from chassis.settings import Settings
from contracts.people import Person
from contracts.time.clock import rfc3339
from pantau.commands.text_table import text_table
from pantau.installation import running_settings
from pantau.send_now import person_of, send_now

if TYPE_CHECKING:
    from notices.sending.notice_queue import DeliveryRecord

_DataDir = Annotated[
    Path | None,
    typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
]


class StatusChoice(StrEnum):
    """What became of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def _row(one: DeliveryRecord) -> tuple[object, ...]:
    status = one.status if one.attempts <= 1 else f"{one.status} ({one.attempts}x)"
    return rfc3339(one.queued_at), one.person_id, one.channel, status, one.title, one.error


def _list(
    status: Annotated[StatusChoice | None, typer.Option(help="Only these.")] = None,
    person: Annotated[str | None, typer.Option(help="Only to this person_id.")] = None,
    most: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    data_dir: _DataDir = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON array on stdout.")] = False,
) -> None:
    """Show the newest deliveries, of the last 90 days: when, to whom, by which way, what became of them."""
    from notices.sending.notice_queue import DELIVERY_STATUSES, read_deliveries

    settings = running_settings(data_dir)
    chosen = next((one for one in DELIVERY_STATUSES if one == status), None)
    found = read_deliveries(settings.data_dir, most, chosen, person)
    if json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        head = ("Waktu", "Orang", "Saluran", "Keadaan", "Judul", "Sebab")
        typer.echo("\n".join(text_table(head, map(_row, found))))


def _test(
    person: Annotated[str, typer.Option(help="person_id of people.csv.")],
    data_dir: _DataDir = None,
) -> None:
    """Send a person a message that only tries whether it arrives, by each of its channels. Exit code 1 if one did not."""
    settings = running_settings(data_dir)
    reached = [asyncio.run(_try_each(settings, one)) for one in person_of(settings, person)]
    raise typer.Exit(0 if all(reached) else 1)


async def _try_each(settings: Settings, person: Person) -> bool:
    from chassis.datadir import DataDir
    from chassis.regions.region_folder import load_region
    from notices.core.notice_text import NoticeWriter
    from notices.core.region_places import places_of

    places = places_of(load_region(settings.regions_dir / person.region))
    title, text = NoticeWriter(DataDir(settings.data_dir).is_simulated).test(places)
    outcome = await send_now(settings, person, "test", title, text)
    for name, error in outcome.items():
        typer.echo(f"{name}: {error or 'delivered'}")
    return not any(outcome.values())


def _group() -> None:
    """Messages to people (docs/notices.md).

    \b
    Examples:
      pantau notices test --person dinkes-1
      pantau notices list --status failed
    """


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="notices", short_help="What was delivered to whom; try a channel.")
    group.callback()(_group)
    group.command("list")(_list)
    group.command("test")(_test)

"""`pantau device`: what a field device needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import segno
import typer

from chassis.clocks import load_clock, secret_key
from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_regions
from chassis.settings import Settings
from contracts.pseudonyms import region_key
from contracts.registry.entities import Recipient, Registry
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, enrol_claims, link_claims
from pantau.commands.provide import device_send, device_sheet
from pantau.commands.provide.device_funnel import device_funnel
from pantau.commands.provide.device_sheet import DAY_S, LINK_DAYS, MOST_LINK_DAYS
from pantau.dev_tokens import device_token, form_address, phone_url
from pantau.enrolment.code_notes import note_codes
from pantau.installation import running_settings
from pantau.revoke import revoke


def source_of(settings: Settings, unit_id: str) -> str:
    """The `source` of the events of a unit or recipient.

    Raises `OperatorError` if the folders cannot be used, or it is in no region folder, or closed.
    """
    registry = Registry(load_regions(settings.regions_dir, settings.regions))
    region = registry.region_of_source(unit_id)
    if region is None:
        raise OperatorError(
            f"{unit_id} is in no units.csv or recipients.csv of {', '.join(settings.regions)}: "
            "check its spelling, or add it there first"
        )
    today = registry.local_day(region, load_clock(settings).now_ms())
    unit = registry.unit(unit_id, today) or registry.recipient(unit_id, today)
    if unit is None:
        raise OperatorError(
            f"unit {unit_id} begins on a later day (valid_from): enrol its device then"
        )
    if unit.status == "closed":
        raise OperatorError(f"unit {unit_id} is closed: a device of it has nothing to send")
    kind = "recipient" if isinstance(unit, Recipient) else unit.kind
    return f"/{region}/{kind}/{unit_id}"


def _draw(link: str) -> None:
    segno.make(link, error="l").terminal(out=sys.stderr, border=2, compact=True)


def _phone_url(settings: Settings, claims: Claims) -> str:
    if reason := note_codes(settings, [claims]):
        typer.echo(reason, err=True)
    return phone_url(form_address(settings), secret_key(settings), claims)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="What field devices need.", no_args_is_help=True)
    app.add_typer(group, name="device")

    @group.callback()
    def _group() -> None:
        """Field devices of kitchens, clinics and recipients: enrol them here; send, status and run are for the device itself."""

    device_send.add_to(group)
    group.command("sheet")(device_sheet.sheet)
    group.command("funnel")(device_funnel)

    @group.command("enrol")
    def enrol(
        unit: Annotated[
            str,
            typer.Option(
                help="Id of a unit or recipient, as in units.csv or recipients.csv.", metavar="ID"
            ),
        ],
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Print a token with which a device may send events of one unit or recipient, and a link for a phone.

        Only the token goes to stdout. It cannot be read again: store it on the device, and nowhere else.
        It ends after 180 days; the device's client renews it long before. The link, as a QR code too, opens
        the form on a phone (stderr); its code works once and for 10 minutes.

        \b
        Example:
          PANTAU_DATA_DIR=data pantau device enrol --unit SPPG-3211-0001 > token.txt
        """
        settings = running_settings(data_dir)
        source = source_of(settings, unit)
        typer.echo(device_token(secret_key(settings), unit))
        typer.echo(
            f"Token of {unit}. Events name it as source {source}. To send one:\n"
            f"  curl -sS http://{settings.host}:{settings.ingest_port}/v1/events \\\n"
            '    -H "Authorization: Bearer $(cat token.txt)" \\\n'
            "    -H 'Content-Type: application/cloudevents+json' --data @event.json",
            err=True,
        )
        _, region, kind, _ = source.split("/")
        if kind == "clinic":
            key = region_key(secret_key(settings), region).hex()
            typer.echo(f"Key of its pseudonyms, for clinics of {region} alone: {key}", err=True)
        address = _phone_url(settings, enrol_claims(unit, real_now_ms()))
        typer.echo(
            f"\nOr a phone: open this link on it, or scan the code, within 10 minutes. One phone only.\n  {address}",
            err=True,
        )
        _draw(address)

    @group.command("link")
    def link(
        unit: Annotated[
            str, typer.Option(help="Id of a recipient, as in recipients.csv.", metavar="ID")
        ],
        valid_days: Annotated[
            int, typer.Option(min=1, max=MOST_LINK_DAYS, help="Days until the link ends.")
        ] = LINK_DAYS,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Print a link that any phone of a school, pesantren or posyandu may open to report, without a code of its own.

        Whoever has it can report for the school, so give it to its staff alone. It serves 20 new phones a day; a phone's token lives for 14
        days, is renewed while it is used, and ends with the link. pantau device revoke ID voids the link with all tokens of the school.
        Only the link goes to stdout; its QR code to stderr. For a whole kecamatan: pantau device sheet --link.

        \b
        Example:
          PANTAU_DATA_DIR=data pantau device link --unit npsn:X2110001 --valid-days 30
        """
        settings = running_settings(data_dir)
        if source_of(settings, unit).split("/")[2] != "recipient":
            raise OperatorError(
                f"{unit} is a kitchen or clinic: each of its phones is enrolled by itself (pantau device enrol)"
            )
        address = _phone_url(settings, link_claims(unit, real_now_ms(), valid_days * DAY_S))
        typer.echo(address)
        typer.echo(f"Ends in {valid_days} days; void before: pantau device revoke {unit}", err=True)
        _draw(address)

    @group.command("revoke")
    def revoke_device(
        unit: Annotated[str, typer.Argument(help="Unit or recipient id.", metavar="ID")],
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Make all tokens, codes and links of a unit's devices void, within a minute. Enrol its devices anew afterwards."""
        settings = running_settings(data_dir)
        revoke(settings, "device", unit)
        typer.echo(
            f"Tokens of {unit} made until now are void: pantau device enrol --unit {unit}", err=True
        )

"""`pantau device sheet`: codes or links for all recipients of a kecamatan, on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from chassis.clocks import load_clock, secret_key
from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_regions
from contracts.registry.entities import Recipient, Registry
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, enrol_claims, link_claims
from pantau.dev_tokens import form_address, phone_url
from pantau.enrolment.code_notes import note_codes
from pantau.installation import running_settings

if TYPE_CHECKING:
    from chassis.settings import Settings
    from pantau.paper.qr_sheets import QrCard

DAY_S: Final = 86_400
LINK_DAYS: Final = 180
"""A school link hangs for a semester, if nothing else is asked."""
MOST_LINK_DAYS: Final = 366
_CODE_DAYS: Final = 7
_MOST_CODE_DAYS: Final = 30


def sheet(
    kecamatan: Annotated[str, typer.Option(help="Code of the kecamatan.", metavar="CODE")],
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF to write.", metavar="FILE")],
    link: Annotated[
        bool, typer.Option("--link", help="School links for many phones, instead of codes for one.")
    ] = False,
    valid_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_LINK_DAYS,
            help=f"Days until they end: at most {_MOST_CODE_DAYS} for codes. Default: {_CODE_DAYS}, with --link {LINK_DAYS}.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
    ] = None,
) -> None:
    """Write one QR code for each active recipient of a kecamatan, eight an A4 page, to cut apart and hand out.

    Each opens the form on one phone and enrols it; whoever scans it first has it, so hand it over like a key. A school whose code somebody
    else has used: pantau device revoke ID, then a new code. The file holds the codes: delete it once it is printed.
    With --link each is a link that hangs in the school for all its phones (pantau device link).

    \b
    Examples:
      pantau device sheet --kecamatan 32.11.08 -o cimalaka.pdf
      pantau device sheet --kecamatan 32.11.08 --link -o posters.pdf
    """
    from pantau.paper.qr_sheets import qr_sheets

    settings = running_settings(data_dir)
    days = valid_days or (LINK_DAYS if link else _CODE_DAYS)
    if not link and days > _MOST_CODE_DAYS:
        raise OperatorError(
            f"a code is valid for at most {_MOST_CODE_DAYS} days; links (--link) for longer"
        )
    title, cards, codes = _cards(settings, kecamatan, days, link)
    if reason := note_codes(settings, codes):
        typer.echo(reason, err=True)
    out.touch(mode=0o600)
    out.write_bytes(qr_sheets(title, cards))
    what = "links, many phones each" if link else "codes, one phone each"
    typer.echo(f"{out}: {len(cards)} {what}, valid for {days} days", err=True)


def _cards(
    settings: Settings, kecamatan: str, valid_days: int, link: bool
) -> tuple[str, list[QrCard], list[Claims]]:
    from pantau.paper.qr_sheets import QrCard

    registry = Registry(load_regions(settings.regions_dir, settings.regions))
    region, name = _kecamatan(registry, kecamatan)
    today = registry.local_day(region, load_clock(settings).now_ms())
    found = sorted(
        _of(registry, region, today, kecamatan), key=lambda one: (one.name, one.recipient_id)
    )
    if not found:
        raise OperatorError(f"kecamatan {kecamatan} has no active recipient today")
    now_ms, valid_s = real_now_ms(), valid_days * DAY_S
    claims_of = link_claims if link else enrol_claims
    codes = [claims_of(one.recipient_id, now_ms, valid_s) for one in found]
    end_s = now_ms // 1000 + valid_s
    end = datetime.fromtimestamp(end_s, UTC).astimezone(ZoneInfo(registry.region(region).timezone))
    whose = "untuk semua HP petugas di sini" if link else "untuk satu HP"
    until = end.strftime(f"Berlaku s.d. %d/%m/%Y %H.%M %Z, {whose}.")
    key, form = secret_key(settings), form_address(settings)
    cards = [
        QrCard(
            phone_url(form, key, code),
            one.name,
            (
                one.recipient_id,
                f"Kec. {name}",
                "Pindai dengan kamera HP, lalu simpan di layar utama.",
                until,
            ),
        )
        for one, code in zip(found, codes, strict=True)
    ]
    title = "Tautan lapor" if link else "Kode pendaftaran"
    return f"{title}, Kec. {name}", cards, codes


def _kecamatan(registry: Registry, code: str) -> tuple[str, str]:
    """Its region and name. Raises `OperatorError`."""
    for region in registry.codes:
        for one in registry.region(region).kecamatan:
            if one.code == code:
                return region, one.name
    raise OperatorError(f"{code} is no kecamatan of {', '.join(registry.codes)}: see region.yaml")


def _of(registry: Registry, region: str, day: int, kecamatan: str) -> list[Recipient]:
    in_force = registry.recipients_in_force(region, day).values()
    return [one for one in in_force if one.kecamatan == kecamatan and one.status == "active"]

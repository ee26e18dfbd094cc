"""`pantau device sheet`: codes for all recipients of a kecamatan, on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from chassis.clocks import load_clock, secret_key
from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_regions
from contracts.registry.entities import Recipient, Registry
from contracts.time.clock import real_now_ms
from pantau.dev_tokens import form_address, phone_url
from pantau.installation import running_settings

if TYPE_CHECKING:
    from chassis.settings import Settings
    from pantau.paper.qr_sheets import QrCard

_DAY_S = 86_400


def sheet(
    kecamatan: Annotated[str, typer.Option(help="Code of the kecamatan.", metavar="CODE")],
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF to write.", metavar="FILE")],
    valid_days: Annotated[int, typer.Option(min=1, max=30, help="Days until the codes end.")] = 7,
    data_dir: Annotated[
        Path | None, typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR.")
    ] = None,
) -> None:
    """Write one QR code for each active recipient of a kecamatan, eight an A4 page, to cut apart and hand out.

    Each opens the form on one phone and enrols it; whoever scans it first has it, so hand it over like a key. A school whose code somebody
    else has used: pantau device revoke ID, then a new code. The file holds the codes: delete it once it is printed.

    \b
    Example:
      pantau device sheet --kecamatan 32.11.08 -o cimalaka.pdf
    """
    from pantau.paper.qr_sheets import qr_sheets

    settings = running_settings(data_dir)
    title, cards = _cards(settings, kecamatan, valid_days)
    out.touch(mode=0o600)
    out.write_bytes(qr_sheets(title, cards))
    typer.echo(f"{out}: {len(cards)} codes, valid for {valid_days} days, one phone each", err=True)


def _cards(settings: Settings, kecamatan: str, valid_days: int) -> tuple[str, list[QrCard]]:
    from pantau.paper.qr_sheets import QrCard

    registry = Registry(load_regions(settings.regions_dir, settings.regions))
    region, name = _kecamatan(registry, kecamatan)
    today = registry.local_day(region, load_clock(settings).now_ms())
    found = sorted(
        _of(registry, region, today, kecamatan), key=lambda one: (one.name, one.recipient_id)
    )
    if not found:
        raise OperatorError(f"kecamatan {kecamatan} has no active recipient today")
    end_s = real_now_ms() // 1000 + valid_days * _DAY_S
    end = datetime.fromtimestamp(end_s, UTC).astimezone(ZoneInfo(registry.region(region).timezone))
    until = end.strftime("Berlaku s.d. %d/%m/%Y %H.%M %Z, untuk satu HP.")
    key, form = secret_key(settings), form_address(settings)
    cards = [
        QrCard(
            phone_url(form, key, one.recipient_id, valid_days * _DAY_S),
            one.name,
            (
                one.recipient_id,
                f"Kec. {name}",
                "Pindai dengan kamera HP, lalu simpan di layar utama.",
                until,
            ),
        )
        for one in found
    ]
    return f"Kode pendaftaran, Kec. {name}", cards


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

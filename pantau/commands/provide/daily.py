"""`pantau daily`: one A4 page of one day, for leaders without an account."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from chassis.clocks import load_clock
from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.time.days import Zone, day_to_iso
from pantau.commands.operate.audit import run_audit
from pantau.installation import running_settings

if TYPE_CHECKING:
    from datetime import date

    from pantau.daily.daily_content import DayContent

_ENDINGS: Final = (".html", ".pdf", ".png")


def _today(settings: Settings, region: str) -> datetime:
    from chassis.regions.region_folder import read_region

    zone = Zone(read_region(settings.regions_dir / region).timezone)
    day = day_to_iso(zone.local_day(load_clock(settings).now_ms()))
    return datetime.fromisoformat(day)


def _audited(settings: Settings, region: str, day: date) -> str:
    report = run_audit(settings, region, day, day)
    found = len(report.differences) + report.more
    if report.clean:
        return f"{report.rows} baris dihitung ulang dari peristiwa, tidak ada selisih."
    return f"{report.rows} baris dihitung ulang dari peristiwa, {found} SELISIH: jalankan pantau audit."


def _content(settings: Settings, region: str, day: date, with_audit: bool) -> DayContent:
    from clickhouse_connect.driver.exceptions import Error

    from pantau.daily.daily_content import day_content
    from pantau.daily.daily_facts import UnknownRegionError, daily_facts
    from storage.clickhouse_client import open_analyst

    audit = _audited(settings, region, day) if with_audit else "tidak dijalankan."
    try:
        facts = daily_facts(open_analyst(settings), region, day)
    except UnknownRegionError as error:
        raise OperatorError(str(error)) from None
    except (Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(f"ClickHouse at {settings.clickhouse_url}: {reason}") from None
    made_at = datetime.fromtimestamp(load_clock(settings).now_ms() / 1000, UTC)
    return day_content(facts, audit, DataDir(settings.data_dir).is_simulated, made_at)


def _file(content: DayContent, suffix: str) -> bytes:
    # The library for paper is loaded only where something is drawn.
    if suffix == ".html":
        from pantau.daily.daily_page import daily_page

        return daily_page(content).encode()
    from pantau.daily.daily_sheet import daily_pdf, daily_picture

    return daily_pdf(content) if suffix == ".pdf" else daily_picture(content)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("daily", short_help="Write one A4 page of a day, for leaders.")
    def daily(
        out: Annotated[
            list[Path],
            typer.Option(
                "--out", "-o", help="File to write: .html, .pdf or .png. May be given again."
            ),
        ],
        region: Annotated[
            str | None, typer.Option(help="Region code. Default: the first served.")
        ] = None,
        day: Annotated[
            datetime | None,
            typer.Option(
                "--date",
                formats=["%Y-%m-%d"],
                help="Local day. Default: today on the region's clock.",
            ),
        ] = None,
        audit: Annotated[
            bool, typer.Option(help="Recompute the day first and say the result.")
        ] = True,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
    ) -> None:
        """Write the day's figures, alerts, open points, sources and the audit's result on one A4 page in black and white.

        The file's ending says which: a page for browsers, a PDF of one A4 page, or a picture 1080 px wide, to send to a phone.

        \b
        Example:
          pantau daily --date 2026-11-23 -o hari.html -o hari.pdf -o hari.png
        """
        if other := [str(one) for one in out if one.suffix not in _ENDINGS]:
            raise OperatorError(f"{', '.join(other)}: a file's name ends in {', '.join(_ENDINGS)}")
        settings = running_settings(data_dir)
        code = region or settings.regions[0]
        chosen = (day or _today(settings, code)).date()
        content = _content(settings, code, chosen, audit)
        for one in out:
            one.write_bytes(_file(content, one.suffix))
            typer.echo(str(one), err=True)

"""`pantau device funnel`: how far the units have come from a code to reports every week."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
import typer

from chassis.clocks import load_clock
from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_regions
from contracts.registry.entities import Registry
from contracts.time.clock import real_now_ms, rfc3339
from pantau.commands.text_table import text_table
from pantau.enrolment.code_notes import read_notes
from pantau.enrolment.funnel import FunnelUnit, Heard, counts, funnel
from pantau.installation import running_settings

if TYPE_CHECKING:
    from chassis.settings import Settings

_Listed = Literal["uninvited", "invited", "ended", "enrolled", "first-event", "this-week", "silent"]
_HEARD: Final = """
SELECT unit_id, min(received_at) AS first, max(received_at) AS last FROM pantau.events
WHERE region = {region:String} AND type != 'unit.heartbeat' GROUP BY unit_id"""


def device_funnel(
    region: Annotated[
        str | None, typer.Option(help="Region code. Default: the first served.")
    ] = None,
    kecamatan: Annotated[
        str | None, typer.Option(help="Only of this kecamatan.", metavar="CODE")
    ] = None,
    list_: Annotated[
        _Listed | None,
        typer.Option("--list", help="Print the units that stand there.", metavar="STAGE"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with every unit.")] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
    ] = None,
) -> None:
    """Count the active kitchens, clinics and recipients by how far they have come, by kecamatan.

    \b
    uninvited     no code was made, and nothing was ever received
    invited       a code is open, and no phone has used it
    ended         all its codes have ended or are void: make a new one
    enrolled      a phone has used a code, and nothing was ever received
    first-event   an event was received at least once (heartbeats do not count): this-week and silent
    this-week     an event was received in the last seven days
    silent        once, but not in the last seven days

    Each unit stands in one of them; what was received counts more than what is known of codes.

    \b
    Example:
      pantau device funnel --kecamatan 32.11.08 --list enrolled
    """
    settings = running_settings(data_dir)
    registry = Registry(load_regions(settings.regions_dir, settings.regions))
    code = region or registry.codes[0]
    if code not in registry.codes:
        raise OperatorError(f"region {code} is not served here: {', '.join(registry.codes)} are")
    if kecamatan and kecamatan not in {one.code for one in registry.region(code).kecamatan}:
        raise OperatorError(f"{kecamatan} is no kecamatan of region {code}: see its region.yaml")
    notes = read_notes(settings)
    found = funnel(
        registry,
        code,
        notes.records,
        notes.revoked,
        _heard(settings, code),
        load_clock(settings).now_ms(),
        real_now_ms(),
    )
    units = [one for one in found if kecamatan in (None, one.kecamatan)]
    if list_:
        stands = ("this-week", "silent") if list_ == "first-event" else (list_,)
        units = [one for one in units if one.stage in stands]
    names = {one.code: one.name for one in registry.region(code).kecamatan}
    if json:
        sys.stdout.buffer.write(msgspec.json.format(_as_json(code, units, names)) + b"\n")
        return
    zone = ZoneInfo(registry.region(code).timezone)
    lines = _listed(units, names, zone) if list_ else _counted(units, names)
    typer.echo("\n".join(lines))


def _heard(settings: Settings, region: str) -> dict[str, Heard]:
    from clickhouse_connect.driver.exceptions import Error

    from storage.clickhouse_client import open_analyst

    try:
        rows = open_analyst(settings).query(_HEARD, parameters={"region": region}).result_rows
    except (Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(f"ClickHouse at {settings.clickhouse_url}: {reason}") from None
    return {id_: Heard(_ms(first), _ms(last)) for id_, first, last in rows}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _by_kecamatan(units: list[FunnelUnit]) -> dict[str, list[FunnelUnit]]:
    found: dict[str, list[FunnelUnit]] = {}
    for one in units:
        found.setdefault(one.kecamatan, []).append(one)
    return found


def _counted(units: list[FunnelUnit], names: dict[str, str]) -> list[str]:
    rows = [
        [code, names.get(code, code), *msgspec.structs.astuple(counts(some))]
        for code, some in _by_kecamatan(units).items()
    ]
    total = counts(units)
    head = (one.replace("_", "-") for one in total.__struct_fields__)
    last = ["all", "", *msgspec.structs.astuple(total)]
    return text_table(["kecamatan", "name", *head], [*rows, last])


def _listed(units: list[FunnelUnit], names: dict[str, str], zone: ZoneInfo) -> list[str]:
    def shown(at_ms: int | None) -> str | None:
        if at_ms is None:
            return None
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%d/%m/%Y %H:%M")

    head = ("unit", "kind", "name", "kecamatan", "stage", "code until", "enrolled", "last event")
    rows = [
        (
            *(one.unit_id, one.kind, one.name, names.get(one.kecamatan, one.kecamatan), one.stage),
            *(shown(one.code_until_ms), shown(one.enrolled_ms), shown(one.last_event_ms)),
        )
        for one in units
    ]
    return text_table(head, rows)


def _as_json(region: str, units: list[FunnelUnit], names: dict[str, str]) -> bytes:
    areas: list[dict[str, Any]] = [
        {"kecamatan": code, "name": names.get(code, code)} | msgspec.to_builtins(counts(some))
        for code, some in _by_kecamatan(units).items()
    ]
    answer = {
        "region": region,
        "all": counts(units),
        "kecamatan": areas,
        "units": [_with_times(one) for one in units],
    }
    return msgspec.json.encode(answer)


def _with_times(unit: FunnelUnit) -> dict[str, Any]:
    """Its fields, epoch milliseconds as RFC 3339."""
    found: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(unit).items():
        if name.endswith("_ms"):
            found[name.removesuffix("_ms")] = None if value is None else rfc3339(value)
        else:
            found[name] = value
    return found

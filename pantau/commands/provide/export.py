"""`pantau export`: forms for offices, from what analysts see."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from chassis.operator_error import OperatorError
from pantau.installation import running_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

_Unit = Annotated[str, typer.Option(help="Id of the kitchen.", metavar="ID")]
_Public = Annotated[
    bool, typer.Option("--public", help="For everybody: counts of 1 to 4 people are hidden.")
]
_Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="File to write. Default: stdout.", metavar="FILE")
]
_DataDir = Annotated[
    Path | None,
    typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
]


@contextmanager
def _views(data_dir: Path | None) -> Iterator[Client]:
    """ClickHouse as the account `analyst`. Raises `OperatorError`."""
    from clickhouse_connect.driver.exceptions import Error

    from storage.clickhouse_client import open_analyst

    settings = running_settings(data_dir)
    try:
        yield open_analyst(settings)
    except (Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(f"ClickHouse at {settings.clickhouse_url}: {reason}") from None


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a local day
    except ValueError:
        raise OperatorError(f"{text!r} is no day: write it as 2026-11-24") from None


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        out.write_bytes(content)
        typer.echo(f"{out}: {len(content)} bytes", err=True)


def _table(unit: str, day: str, days: int, public: bool, out: Path | None, data_dir: Path | None) -> None:  # fmt: skip
    from pantau.exports.excel_csv import excel_csv
    from pantau.exports.kitchen_tables import UnknownKitchenError, day_table, fortnight_table

    make = day_table if days == 1 else fortnight_table
    first = _day(day)
    with _views(data_dir) as client:
        try:
            rows = make(client, unit, first, public)
        except UnknownKitchenError as error:
            raise OperatorError(str(error)) from None
    if out is not None and out.suffix == ".pdf":
        from pantau.paper.table_sheets import table_sheets

        _write(table_sheets(rows), out)
    else:
        _write(excel_csv(rows), out)


def kitchen_day(
    unit: _Unit,
    day: Annotated[str, typer.Option(help="Local day, YYYY-MM-DD.")],
    public: _Public = False,
    out: _Out = None,
    data_dir: _DataDir = None,
) -> None:
    """Who was registered, who ate and what came, by recipient, on one day (Lampiran 30a). CSV for Excel, or PDF (-o x.pdf)."""
    _table(unit, day, 1, public, out, data_dir)


def kitchen_fortnight(
    unit: _Unit,
    first: Annotated[
        str, typer.Option("--from", help="First of 14 local days, YYYY-MM-DD.", metavar="DAY")
    ],
    public: _Public = False,
    out: _Out = None,
    data_dir: _DataDir = None,
) -> None:
    """The same of 14 days, by day and group (Lampiran 30c). CSV for Excel, or PDF (-o x.pdf)."""
    _table(unit, first, 14, public, out, data_dir)


def dhis2(
    month: Annotated[str, typer.Option(help="Period of DHIS2, e.g. 202611.")],
    names: Annotated[
        Path, typer.Option(help="YAML: dataSet, orgUnits (id: uid), dataElements (metric: uid).")
    ],
    public: _Public = False,
    out: _Out = None,
    data_dir: _DataDir = None,
) -> None:
    """A month as DHIS2 dataValueSets (JSON), for the areas and metrics that --names names."""
    from pantau.exports.dhis2 import NamesError, data_value_set, month_of, read_names

    try:
        month_of(month)
        wanted = read_names(names)
    except NamesError as error:
        raise OperatorError(str(error)) from None
    except OSError as error:
        raise OperatorError(f"{names}: {error.strerror}") from None
    except ValueError:
        raise OperatorError(f"{month!r} is no month: write it as 202611") from None
    with _views(data_dir) as client:
        body, hidden = data_value_set(client, wanted, month, public)
    if hidden:
        typer.echo(f"{hidden} values of 1 to 4 people are left out (--public)", err=True)
    _write(msgspec.json.format(msgspec.json.encode(body)) + b"\n", out)


def _group() -> None:
    """Forms for offices, read from the views as the account `analyst`.

    \b
    Examples:
      pantau export kitchen-day --unit SPPG-3211-0001 --day 2026-11-24 -o 30a.csv
      pantau export kitchen-day --unit SPPG-3211-0001 --day 2026-11-24 -o 30a.pdf
      pantau export kitchen-fortnight --unit SPPG-3211-0001 --from 2026-11-16 -o 30c.csv
      pantau export dhis2 --month 202611 --names dhis2.yaml | curl -u USER -H 'Content-Type: application/json' --data-binary @- https://dhis2.example/api/dataValueSets
    """


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="export", short_help="Forms for offices: kitchen tables, DHIS2.")
    group.callback()(_group)
    group.command("kitchen-day")(kitchen_day)
    group.command("kitchen-fortnight")(kitchen_fortnight)
    group.command("dhis2")(dhis2)

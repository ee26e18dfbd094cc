"""`pantau audit`: recompute every window from the landed lines and show each difference."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.registry.region_rows import Thresholds
from pantau.installation import running_settings

if TYPE_CHECKING:
    from audit.report import Difference, Report


def render(one: Difference) -> str:
    """One line: where, stored and recomputed, and the events behind."""
    place = (one.view, one.level, one.area_id, one.window, one.window_end, one.group, one.column)
    where = " ".join(part or "-" for part in place)
    events = f" events={','.join(one.events)}" if one.events else ""
    return f"{where} stored={one.stored} recomputed={one.recomputed}{events}"


def summary(report: Report) -> str:
    """The last line."""
    found = len(report.differences) + report.more
    unlisted = f", {report.more} of them not listed" if report.more else ""
    moving = (
        f"; {report.moving} rows changed meanwhile and were not compared" if report.moving else ""
    )
    return (
        f"{report.region} {report.first}..{report.last}: {report.rows} rows and verdicts compared, "
        f"{found} differences{unlisted}{moving}"
    )


def limits(settings: Settings, region: str) -> Thresholds:
    """The region's own limits of temperatures; those of the law where its folder is not here."""
    from chassis.regions.region_folder import load_region

    folder = settings.regions_dir / region
    return load_region(folder).region.thresholds if folder.is_dir() else Thresholds()


def run_audit(settings: Settings, region: str, first: date | None, last: date | None) -> Report:
    """The audit of some local days; progress goes to stderr. Raises `OperatorError`."""
    from clickhouse_connect.driver.exceptions import Error

    from audit.kafka_lines import KafkaEventLog
    from audit.run import NothingToAuditError, audit
    from chassis.clocks import load_clock, secret_key
    from chassis.kafka.blocking.committed_log import CommittedLog
    from chassis.kafka.cluster import cluster_of
    from chassis.kafka.interface import BROKER_ERRORS
    from storage.clickhouse_client import open_writer

    if first is not None and last is not None and first > last:
        raise OperatorError(f"--from {first} is after --to {last}: name the earlier day first")

    def progress(line: str) -> None:
        sys.stderr.write(f"audit: {line}\n")
        sys.stderr.flush()

    try:
        cluster = cluster_of(settings, "operator")
        with closing(CommittedLog(cluster, "audit")) as committed:
            log = KafkaEventLog(committed, secret_key(settings), load_clock(settings))
            client = open_writer(settings)
            return audit(client, region, first, last, limits(settings, region), progress, log=log)
    except NothingToAuditError as error:
        raise OperatorError(str(error)) from None
    except BROKER_ERRORS as error:
        raise OperatorError(
            f"Kafka at {settings.broker} failed: {error or type(error).__name__}: the audit compares what it "
            "holds with what has landed: see `pantau status`"
        ) from error
    except Error as error:
        raise OperatorError(
            f"ClickHouse at {settings.clickhouse_url} failed: {error}: see `pantau status`"
        ) from error


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("audit", short_help="Recompute every window from the events and show differences.")
    def audit(
        region: Annotated[str, typer.Option(help="Region code, e.g. 32.11.")],
        first: Annotated[
            datetime | None,
            typer.Option("--from", formats=["%Y-%m-%d"], help="First local day. Default: all."),
        ] = None,
        last: Annotated[
            datetime | None,
            typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day. Default: all."),
        ] = None,
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the running installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    ) -> None:
        """Recompute every window of the region's days from the landed event lines, by SQL of its own, and compare
        every row and column, what became of each line, and whether every line that Kafka holds has landed. Progress goes to stderr.

        Exit code 0 if there is no difference, else 1. A running installation may go on meanwhile.

        \b
        Examples:
          pantau audit --region 32.11 --from 2026-11-23 --to 2026-11-23
          pantau audit --region 32.11 --json | jq '.differences[].column'
        """
        report = run_audit(
            running_settings(data_dir),
            region,
            None if first is None else first.date(),
            None if last is None else last.date(),
        )
        if json:
            typer.echo(msgspec.json.encode(report).decode())
        else:
            for one in report.differences:
                typer.echo(render(one))
            typer.echo(summary(report))
        raise typer.Exit(0 if report.clean else 1)

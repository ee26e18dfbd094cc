"""`python -m bench.audit`: the audit of a day, and of all days, over a store of a month.

The store is built as `bench.audit.store` says, unless the folder holds one already; then the audit runs on it, on the embedded
ClickHouse, with nothing else of the installation beside it. There is no Kafka, so what has landed is not compared with it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from clickhouse_connect.driver.client import Client

from audit.run import audit
from bench.audit.audit_report import AuditRun, MeasuredStore, write
from bench.audit.store import StorePlan, build, fill
from bench.ground import REGION, cpu_s, machine, output_options, publish
from bench.store_server import StoreServer, serving
from chassis import logs
from chassis.regions.region_folder import load_region
from contracts.time.clock import real_now_ms, rfc3339
from contracts.time.days import iso_to_day
from pantau.commands.operate.audit import render, summary
from pantau.installation import ROOT
from producers.simulator.world import Rates
from storage import migrate
from storage.schema import STORE

_NEWEST: Final = date(2026, 11, 23)
_SUNDAY: Final = 7
_DONE: Final = "built"
"""Of a folder whose store is complete."""


def say(text: str) -> None:
    """Progress goes to stderr."""
    sys.stderr.write(text + "\n")


def fill_store(server: StoreServer, folder: Path, options: argparse.Namespace) -> None:
    """Build the store, unless it is there."""
    if (folder / _DONE).exists():
        return
    client = server.client()
    migrate.run(client)
    if client.query(f"SELECT count() FROM {STORE}.raw_lines").result_rows[0][0]:
        raise SystemExit(f"{folder} holds a store that was not finished: remove it")
    first = _NEWEST - timedelta(days=options.days - 1)
    plan = StorePlan(
        REGION,
        ROOT / "regions" / REGION,
        server.url,
        server.home.clickhouse_accounts()["writer"],
        iso_to_day(first.isoformat()),
        options.days,
        Rates(options.heartbeat_s, options.temperature_s),
    )
    built = build(plan)
    say(f"{built.events:,} events folded and landed in {built.seconds:.0f} s")
    fill(client, options.events)
    (folder / _DONE).write_text(f"{built.events} {built.seconds:.0f}\n", "ascii")


def describe(client: Client, folder: Path) -> MeasuredStore:
    """What the store holds."""
    folded = int((folder / _DONE).read_text("ascii").split()[0])
    lines, disk = client.query(
        "SELECT sumIf(rows, table = 'raw_lines'), sum(bytes_on_disk) FROM system.parts "
        f"WHERE active AND database = '{STORE}'"
    ).result_rows[0]
    rows = client.query(
        f"SELECT sum(rows) FROM system.parts WHERE active AND database = '{STORE}' "
        "AND table IN ('performance', 'coverage', 'reception', 'clinic_coverage')"
    ).result_rows[0][0]
    types = client.query(
        f"SELECT toString(type), count() AS n FROM {STORE}.raw_lines GROUP BY type ORDER BY n DESC LIMIT 4"
    ).result_rows
    return MeasuredStore(
        int(lines), folded, int(rows), int(disk), [(str(one[0]), int(one[1])) for one in types]
    )


def run(server: StoreServer, what: str, first: date, last: date, rounds: int) -> AuditRun:
    """The audit of the days, some times over. Raises `SystemExit` where it finds a difference: the store is then wrong."""
    seconds, cpus = [], []
    summed_up = ""
    limits = load_region(ROOT / "regions" / REGION).region.thresholds
    server.forget_peak()
    for _ in range(rounds):
        client = server.client()
        before, began = cpu_s(server.process.pid), time.monotonic()
        report = audit(client, REGION, first, last, limits, say)
        seconds.append(time.monotonic() - began)
        cpus.append(cpu_s(server.process.pid) - before)
        summed_up = summary(report)
        say(f"{what}: {seconds[-1]:.1f} s, {cpus[-1]:.1f} CPU s of the server: {summed_up}")
        if not report.clean:
            raise SystemExit(
                "\n".join([*map(render, report.differences[:20]), f"pantau: {summed_up}"])
            )
    return AuditRun(what, median(seconds), max(seconds), median(cpus), server.peak_mb(), summed_up)


def main(arguments: Sequence[str] | None = None) -> None:
    """Builds the store if need be, audits it and writes docs/bench/audit.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit")
    add = parser.add_argument
    add("--store", type=Path, help="folder of the store, kept for the next time (default: none)")
    add("--days", type=int, default=30)
    add("--events", type=int, default=15_000_000, help="filled up to so many with heartbeats")
    add("--heartbeat-s", type=int, default=300, help="of what is folded, region seconds")
    add("--temperature-s", type=int, default=120, help="of what is folded, region seconds")
    add("--rounds", type=int, default=3)
    add("--whole", action=argparse.BooleanOptionalAction, default=True, help="all days too")
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    with tempfile.TemporaryDirectory(prefix="pantau-bench-") as passing:
        folder = (options.store or Path(passing)).resolve()
        with serving(folder) as server:
            fill_store(server, folder, options)
        # What was cached while it was built is lost with the server that built it.
        with serving(folder) as server:
            store = describe(server.client(), folder)
            middle = _NEWEST - timedelta(days=options.days // 2)
            # On a Sunday there is little to audit.
            middle -= timedelta(days=middle.isoweekday() == _SUNDAY)
            first = _NEWEST - timedelta(days=options.days - 1)
            runs = [
                run(server, "the newest day", _NEWEST, _NEWEST, options.rounds),
                run(server, "a day in the middle", middle, middle, options.rounds),
            ]
            if options.whole:
                runs.append(run(server, "all days", first, _NEWEST, 1))
    text = write(store, runs, options.days, where, when)
    publish(text, "audit.md", options)


if __name__ == "__main__":
    main()

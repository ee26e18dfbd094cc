"""`pantau bench`: measures this machine."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

import typer

from chassis.operator_error import OperatorError


class Measurement(StrEnum):
    """What is measured."""

    STREAMS = "streams"
    LATENCY = "latency"
    RECOVERY = "recovery"
    AUDIT = "audit"
    SOAK = "soak"
    DETECTION = "detection"
    INGEST = "ingest"
    PIPELINE = "pipeline"
    GATEWAY = "gateway"
    SCHOOLS = "schools"
    PHONE = "phone"
    SINKS = "sinks"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        "bench",
        short_help="Measure: speed, latency, recovery, audit, soak, detection, ingest, pipeline, gateway, schools, phone, sinks.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def bench(
        context: typer.Context,
        part: Annotated[Measurement, typer.Argument(help="What to measure.")] = Measurement.STREAMS,
    ) -> None:
        """Measure this machine, print the figures and write them to docs/bench.

        streams: CPU per event beside Bytewax, Quix Streams, plain Faust and the floor; needs `make
        rivals` first. latency: from a device's 202 to the wall. recovery: a killed worker with a
        million events of state, and two workers beside one. audit: `pantau audit` of a day over a store of
        30 days and 15 million events; building it takes a quarter of an hour. soak: memory, and the wall's totals
        against the truth, over simulated days. detection: how early a poisoning is seen, beside other methods,
        with one rate of false alarms. ingest: CPU an event beside a bare FastAPI endpoint, and the p99 of the 202
        at 200 and 1,000 requests a second. pipeline: CPU an event of every process, beside a plain build of the same
        parts. gateway: CPU a frame and client beside a bare loop, with 200 and 1,000 clients.
        schools: all recipients answer within 20 minutes, beside the simulated kitchens.
        phone: first paint, time to the first task and bytes of the form on a slow phone and network.
        sinks: CPU a table line from Kafka into ClickHouse, beside the same bytes from a file.
        Each starts what it needs on a folder that goes away. Further options go to the measurement.

        \b
        Examples:
          pantau bench                                   streams, about 20 minutes
          pantau bench streams --events 20000 --rounds 1 a short run
          pantau bench streams --contestants pantau,faust
          pantau bench latency --minutes 5
          pantau bench audit --store /tmp/month          the store stays for the next time
          python -m bench.recovery --help              options of one measurement
        """
        if find_spec("bench") is None:
            raise OperatorError("the measurements need the source tree: run `make bench` there")
        command = (sys.executable, "-m", f"bench.{part.value}", *context.args)
        os.execv(command[0], command)  # noqa: S606 - our own interpreter and module

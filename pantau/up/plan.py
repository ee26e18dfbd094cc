"""What `pantau up` was asked for, made into settings and parts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chassis.datadir import DataDir
from chassis.kafka.cluster import cluster_of
from chassis.operator_error import OperatorError
from chassis.regions.people_file import is_configured
from chassis.settings import Settings
from contracts.time.days import iso_to_day
from engines.kafka.broker import KafkaBroker
from pantau.installation import ClockKind, InstallationStamp, child_env, new_settings
from pantau.processes import probes
from pantau.processes.child_log import ChildLog
from pantau.processes.probes import Probe
from pantau.processes.supervisor import Part

_LOCAL: Final = "127.0.0.1"
_FOLD_START_S: Final = 600.0
"""Folds read all of their state back before they are ready."""
_SERVICE_START_S: Final = 120.0
_NOTICES_STOP_S: Final = 20.0
"""A mail server may take so long to answer."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The options of `pantau up`; None: not given."""

    regions: tuple[str, ...] | None = None
    simulate: bool = False
    data_dir: Path | None = None
    base_port: int | None = None
    clock: ClockKind | None = None
    broker: str | None = None
    dev_tokens: bool = False
    host: str | None = None
    day: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`own_broker`: Kafka is started here; `ports`: what will be listened on, part -> port; `demo_day`: local day that
    the demo clock begins with, None: it follows from the data dir.
    """

    settings: Settings
    simulate: bool
    dev_tokens: bool
    own_broker: bool
    stamp: InstallationStamp
    clickhouse_port: int
    kafka_port: int
    demo_day: int | None = None

    @property
    def home(self) -> DataDir:
        """The data dir."""
        return DataDir(self.settings.data_dir)

    @property
    def ports(self) -> dict[str, int]:
        """Part -> port that it listens on."""
        ports = {
            "ingest": self.settings.ingest_port,
            "gateway": self.settings.gateway_port,
            "clickhouse": self.clickhouse_port,
        }
        return ports | ({"kafka": self.kafka_port} if self.own_broker else {})

    def url(self, port: int) -> str:
        """Of an HTTP service here, as this machine reaches it."""
        host = {"0.0.0.0": _LOCAL, "::": "[::1]"}.get(self.settings.host, self.settings.host)  # noqa: S104
        return f"http://{host}:{port}"


def plan(options: UpOptions) -> Plan:
    """Settings and decisions that follow from the options. Raises `OperatorError` for a wrong setting.

    The simulator runs on the demo clock, and what runs on the demo clock counts as simulated.
    """
    asked = new_settings(
        data_dir=options.data_dir,
        regions=options.regions,
        host=options.host,
        clock=options.clock,
        broker=options.broker,
        ingest_port=options.base_port,
    )
    given = asked.model_fields_set
    base = asked.ingest_port
    own_broker = "broker" not in given
    changes: dict[str, object] = {
        "gateway_port": base + 1,
        "clickhouse_url": f"http://{_LOCAL}:{base + 2}",
    }
    if own_broker:
        changes |= {
            "broker": f"{_LOCAL}:{base + 3}",
            "kafka_security": "SASL_PLAINTEXT",
            "kafka_user": "",
        }
    if options.simulate and "clock" not in given:
        changes["clock"] = "demo"
    settings = asked.model_copy(update=changes)
    simulated = options.simulate or settings.clock == "demo"
    return Plan(
        settings=settings,
        simulate=options.simulate,
        dev_tokens=options.dev_tokens or options.simulate,
        own_broker=own_broker,
        stamp=InstallationStamp("simulated" if simulated else "real", settings.clock),
        clickhouse_port=base + 2,
        kafka_port=base + 3,
        demo_day=_demo_day(options.day, settings.clock),
    )


def _demo_day(asked: str | None, clock: str) -> int | None:
    if asked is None:
        return None
    if clock != "demo":
        raise OperatorError("--day sets the demo clock: give --simulate or --clock demo too")
    try:
        return iso_to_day(asked)
    except ValueError as error:
        raise OperatorError(f"--day: {error}") from None


def _part(plan: Plan, name: str, argv: Iterable[str], probe: Probe, start_s: float) -> Part:
    env = child_env(plan.settings, os.environ)
    log = ChildLog(plan.home.logs / f"{name}.log")
    return Part(name, (sys.executable, "-m", *argv), env, log, probe, start_s)


def broker_part(plan: Plan, broker: KafkaBroker) -> Part:
    """Kafka, prepared by `broker.prepare()`. It listens on this machine only, whatever --host says."""
    return Part(
        "kafka",
        broker.argv(),
        broker.env(),
        ChildLog(plan.home.logs / "kafka.log"),
        probes.kafka(cluster_of(plan.settings, "admin")),
        _SERVICE_START_S,
    )


def clickhouse_part(plan: Plan) -> Part:
    """The embedded ClickHouse, on this machine only."""
    argv = (
        "engines.clickhouse",
        "--data-dir",
        str(plan.settings.data_dir),
        "--port",
        str(plan.clickhouse_port),
    )
    probe = probes.http(f"{plan.settings.clickhouse_url}/ping")
    return _part(plan, "clickhouse", argv, probe, _SERVICE_START_S)


def service_parts(plan: Plan) -> tuple[Part, ...]:
    """What does the work, in the order of its data."""
    home, settings = plan.home, plan.settings
    ingest = probes.http(f"{plan.url(settings.ingest_port)}/readyz")
    gateway = probes.http(f"{plan.url(settings.gateway_port)}/readyz")
    return (
        _part(plan, "streams", ("streams",), probes.run_file(home, "streams"), _FOLD_START_S),
        _part(plan, "sinks", ("sinks",), probes.run_file(home, "sinks"), _SERVICE_START_S),
        _part(plan, "ingest", ("producers.ingest",), ingest, _SERVICE_START_S),
        _part(plan, "gateway", ("dashboard_ws.gateway",), gateway, _FOLD_START_S),
    )


def notices_part(plan: Plan) -> Part | None:
    """Who writes to people; None while no region has a people.csv: a process that does nothing costs memory too."""
    if not is_configured(plan.settings.regions_dir, plan.settings.regions):
        return None
    probe = probes.run_file(plan.home, "notices")
    return replace(
        _part(plan, "notices", ("notices",), probe, _SERVICE_START_S), stop_s=_NOTICES_STOP_S
    )


def simulator_part(plan: Plan) -> Part:
    """The simulated kabupaten: devices that send to ingest."""
    probe = probes.run_file(plan.home, "simulator")
    return _part(plan, "simulator", ("producers.simulator",), probe, _SERVICE_START_S)

"""Brings an installation up, part by part, and runs it until a signal comes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from chassis.clocks import secret_key
from chassis.kafka.admin import wait_for_broker
from chassis.kafka.cluster import cluster_of
from chassis.kafka.rights import grant_ours
from chassis.operator_error import OperatorError
from chassis.regions.people_file import is_configured
from contracts.registry.entities import RegionRegistry, Registry
from contracts.time.clock import Clock, RealClock
from engines.kafka.broker import KafkaBroker
from notices.notice_configuration import read_configuration
from pantau import installation
from pantau.dev_tokens import new_wall, sources_of, wall_url, write_dev_tokens
from pantau.processes.supervisor import PartFailed, Supervisor
from pantau.registry_publish import publish
from pantau.up import demo_clock, preflight
from pantau.up.plan import (
    Plan,
    broker_part,
    clickhouse_part,
    notices_part,
    service_parts,
    simulator_part,
)
from pantau.up.prepare import load_registries, make_schema

_BROKER_S: Final = 30.0
_STOP_S: Final = 40.0
"""For all parts together; then what is left is killed."""


_SAME_SIGNAL_S: Final = 1.0
"""Some senders signal the process and its group: two signals so close together are one."""


def say(line: str) -> None:
    """One line for the operator, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _clock(plan: Plan, registries: tuple[RegionRegistry, ...]) -> Clock:
    if plan.settings.clock == "real":
        return RealClock()
    return demo_clock.start(
        plan.home, Registry(registries), plan.settings.regions[0], plan.demo_day
    )


async def _stores(plan: Plan, supervisor: Supervisor) -> None:
    """Broker and ClickHouse, at once: neither needs the other."""
    parts = [clickhouse_part(plan)]
    if plan.own_broker:
        broker = KafkaBroker(
            plan.home.kafka,
            plan.kafka_port,
            admin_password=cluster_of(plan.settings, "admin").password,
        )
        await asyncio.to_thread(broker.prepare)
        parts.append(broker_part(plan, broker))
    else:
        await asyncio.to_thread(wait_for_broker, cluster_of(plan.settings, "admin"), _BROKER_S)
    await supervisor.start(*parts)
    await asyncio.to_thread(grant_ours, plan.settings)


def ready_line(plan: Plan, wall: str, tokens: str | None) -> dict[str, Any]:
    """The one line on stdout."""
    return {
        "ready": True,
        "ingest": plan.url(plan.settings.ingest_port),
        "wall": wall,
        "clickhouse": plan.settings.clickhouse_url,
        "kafka": plan.settings.broker,
        "tokens": tokens,
    }


def _tokens(plan: Plan, registries: tuple[RegionRegistry, ...]) -> str | None:
    """The file of dev tokens, if it is wanted."""
    if not plan.dev_tokens:
        return None
    return write_dev_tokens(plan.home, secret_key(plan.settings), sources_of(registries))


def announcement(plan: Plan, wall: str, tokens: str | None) -> str:
    """For the operator: each page, the names to try it with, and a command as this machine finds it."""
    settings = plan.settings
    # After `make up` no `pantau` is on the PATH.
    program = Path(sys.executable).with_name("pantau")
    lines = (
        f"Dinding (tautan berlaku 10 menit): {wall}",
        f"Meja peringatan: {plan.url(settings.gateway_port)}/desk",
        f"Formulir HP: {plan.url(settings.ingest_port)}/",
        f"Nama dan sandi untuk mencoba: {tokens}" if tokens else "",
        f"Keadaan: {program} status --data-dir {settings.data_dir}",
        "Berhenti: Ctrl-C",
    )
    return "\n".join(line for line in lines if line)


def _announce(plan: Plan, tokens: str | None) -> None:
    wall = wall_url(plan.url(plan.settings.gateway_port), secret_key(plan.settings), new_wall())
    say(f"\n{announcement(plan, wall, tokens)}\n")
    line = msgspec.json.encode(ready_line(plan, wall, tokens)).decode()
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _live(plan: Plan, supervisor: Supervisor) -> None:
    """Bring everything up, announce it, and stay until a part fails for good."""
    began = time.monotonic()
    home = plan.home
    registries = await asyncio.to_thread(load_registries, plan.settings)
    if is_configured(plan.settings.regions_dir, plan.settings.regions):
        # A fault is reported before anything starts, not by a part that never comes up.
        await asyncio.to_thread(read_configuration, plan.settings)
    home.create_key()
    home.create_clickhouse_accounts()
    await _stores(plan, supervisor)
    await make_schema(plan.settings)
    # The demo day begins only now: none of it passes before anybody could send an event.
    clock = _clock(plan, registries)
    noting = asyncio.create_task(_note(plan, clock))
    try:
        key = secret_key(plan.settings)
        cluster = cluster_of(plan.settings, "admin")
        for code in await asyncio.to_thread(publish, cluster, key, clock, registries):
            say(f"registri {code} diterbitkan")
        tokens = _tokens(plan, registries)
        await supervisor.start(*service_parts(plan))
        if (notices := notices_part(plan)) is not None:
            await supervisor.start(notices)
        if plan.simulate:
            await supervisor.start(simulator_part(plan))
        say(f"semua siap setelah {time.monotonic() - began:.0f} s")
        _announce(plan, tokens)
        raise PartFailed(await supervisor.failed())
    finally:
        noting.cancel()


async def _note(plan: Plan, clock: Clock) -> None:
    if plan.settings.clock == "demo":
        await demo_clock.keep_noting(plan.home, clock)


async def _until_stopped(plan: Plan) -> None:
    supervisor = Supervisor(say)
    stop, hurry = asyncio.Event(), asyncio.Event()

    loop = asyncio.get_running_loop()
    first = loop.time()

    def on_signal() -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
            stop.set()
        elif loop.time() - first > _SAME_SIGNAL_S:
            # A second Ctrl-C means: now.
            hurry.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    live = asyncio.create_task(_live(plan, supervisor))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({live, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        say("menghentikan semua bagian ...")
        loop.call_later(_STOP_S, hurry.set)
        await supervisor.stop(hurry)
        say("semua bagian berhenti")
        plan.home.remove_run(installation.RUN)
        if not live.done():
            live.cancel()
    if live.done() and not live.cancelled():
        live.result()


def up(plan: Plan) -> None:
    """Run the installation until SIGTERM or SIGINT. Raises `OperatorError` for what keeps it from running."""
    # Their complaints about a broker that is still starting are no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    for warning in (preflight.data_dir(plan.settings.data_dir), preflight.web_build()):
        if warning:
            say(warning)
    with installation.locked(plan.home):
        installation.stamp(plan.home, plan.stamp)
        installation.clear_run(plan.home)
        facts = {"pid": os.getpid(), "settings": installation.plain(plan.settings)}
        plan.home.write_run(installation.RUN, facts)
        preflight.ports(plan.settings.host, plan.ports)
        try:
            asyncio.run(_until_stopped(plan))
        except TimeoutError as error:
            raise OperatorError(str(error)) from None

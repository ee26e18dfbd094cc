"""One replay from its first step to the switch.

    number given -> topics, tables -> worker and sink beside the installation's -> caught up -> audited -> shown -> handed over

Until the record says otherwise nothing of this is seen, and whatever ends it leaves the shown generation as it was.
After it the installation's own services go over by themselves, whether this command lives or not.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from audit.run import NothingToAuditError, audit
from chassis.kafka.admin import TopicError, group_members
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import BROKER_ERRORS
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.results.topics import generation_name
from pantau.commands.operate.audit import limits, render, summary
from pantau.processes.supervisor import PartFailed, Supervisor
from pantau.replay import event_log, generation_record, start
from storage import generation_tables as stored
from storage.clickhouse_client import open_writer

_LISTED: Final = 20
_HAND_OVER_S: Final = 120.0
_POLL_S: Final = 1.0
_T = TypeVar("_T")


def say(line: str) -> None:
    """One line for the operator, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def replay(settings: Settings, back: bool) -> int:
    """Rebuild and show; `back`: show the previous generation again. The generation now shown.

    Raises `OperatorError`: the generation shown before still is.
    """
    return _run(_replay(settings, back))


def drop_old(settings: Settings) -> list[int]:
    """Remove all generations but the shown one; their numbers. Raises `OperatorError`."""
    return _run(_drop_old(settings))


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    try:
        return asyncio.run(work)
    except (
        *BROKER_ERRORS,
        *(ClickHouseError, TopicError, NothingToAuditError, PartFailed),
    ) as error:
        raise OperatorError(f"{error or type(error).__name__}: see `pantau status`") from error


async def _drop_old(settings: Settings) -> list[int]:
    client = open_writer(settings)
    async with generation_record.opened(settings) as record:
        if stored.shown(client) != record.now.shown:
            raise OperatorError(
                "the views still show another generation: wait until `pantau status` is well"
            )
        # First the record: what it names must be there.
        await record.write(record.now.drop_previous())
        return await start.remove(settings, client, {record.now.shown})


async def _replay(settings: Settings, back: bool) -> int:
    client = await asyncio.to_thread(open_writer, settings)
    async with generation_record.opened(settings) as record:
        if back and not record.now.previous:
            raise OperatorError("no earlier generation is stored: nothing to go back to")
        if not back:
            await record.write(record.now.begin())
        target = record.now.previous if back else record.now.newest
        await start.remove(settings, client, {record.now.shown, record.now.previous, target})
        await start.prepare(settings, client, target)
        say(f"generasi {target} dibangun di samping generasi {record.now.shown} yang ditampilkan")
        await _watched(settings, client, record, target, is_new=not back)
    return target


async def _watched(
    settings: Settings,
    client: Client,
    record: generation_record.GenerationRecord,
    target: int,
    is_new: bool,
) -> None:
    """Build and show, as long as worker and sink keep running."""
    supervisor = Supervisor(say)
    work = asyncio.create_task(_build(settings, client, record, target, is_new, supervisor))
    failed = asyncio.create_task(supervisor.failed())
    try:
        await asyncio.wait({work, failed}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise PartFailed(failed.result())
        work.result()
    finally:
        failed.cancel()
        work.cancel()
        await asyncio.gather(work, failed, return_exceptions=True)
        await supervisor.stop(asyncio.Event())


async def _build(
    settings: Settings,
    client: Client,
    record: generation_record.GenerationRecord,
    target: int,
    is_new: bool,
    supervisor: Supervisor,
) -> None:
    old = record.now.shown
    async with event_log.opened(settings, target) as events:
        since = await start.begin(settings, events, target) if is_new else None
        if since is not None and (rows := stored.unfinished(client, old, since)):
            raise OperatorError(
                f"the event log begins too late: {rows} rows from before may still change and cannot be "
                "rebuilt. It must reach back 90 days: see retention.ms of the event topics"
            )
        if is_new:
            await start.give_commands(settings, events, target)
        await supervisor.start(*start.parts(settings, target))
        await events.until_caught_up(client, say)
        if since is not None:
            await asyncio.to_thread(stored.carry_over, client, old, target, since)
        await _audit(settings, target)
        await events.until_caught_up(client, say)
    await record.write(record.now.show(target))
    await asyncio.to_thread(stored.show, client, target)
    say(f"generasi {target} ditampilkan")
    await _hand_over(settings, target)


async def _audit(settings: Settings, target: int) -> None:
    for region in settings.regions:
        client = await asyncio.to_thread(open_writer, settings)
        report = await asyncio.to_thread(
            audit, client, region, None, None, limits(settings, region),
            lambda line: say(f"audit: {line}"), generation=target,
        )  # fmt: skip
        say(summary(report))
        if not report.clean:
            for one in report.differences[:_LISTED]:
                say(render(one))
            raise OperatorError(
                f"generation {target} differs from its own events and is not shown; the one shown before still is. "
                "Mend the fold, then replay again"
            )


async def _hand_over(settings: Settings, target: int) -> None:
    """Stay until the installation's own worker has come over."""
    deadline = time.monotonic() + _HAND_OVER_S
    while await asyncio.to_thread(_members, settings, target) < 2:
        if time.monotonic() > deadline:
            say(
                "tidak ada pekerja lain yang datang: periksa `pantau status`, jalankan lagi bagian streams"
            )
            return
        await asyncio.sleep(_POLL_S)


def _members(settings: Settings, target: int) -> int:
    group = generation_name("pantau-streams", target)
    return group_members(cluster_of(settings, "admin"), group)

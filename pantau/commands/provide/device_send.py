"""`pantau device send|status|run`: the device's side, on the device itself."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
import typer

from chassis import logs
from chassis.operator_error import OperatorError
from contracts.events.decode import origin_of
from pantau.commands.text_table import text_table

if TYPE_CHECKING:
    import aiomqtt

    from contracts.receipts import ReceiptState
    from producers.bridges.read_events import Fault, ReadEvents
    from producers.bridges.sensors.mqtt_bridge import SensorPlan
    from producers.device.device_home import DeviceHome
    from producers.device.outbox import Outbox

_SHOWN: Final = 20


class InputForm(StrEnum):
    """How `send` reads its input."""

    AUTO = "auto"
    LINES = "lines"
    TABLE = "table"
    GROWTH = "growth"


class SensorMaker(StrEnum):
    """Whose payloads `run --mqtt` reads."""

    TASMOTA = "tasmota"
    ZIGBEE2MQTT = "zigbee2mqtt"
    SHELLY = "shelly"
    RUUVI = "ruuvi"


_Home = Annotated[
    Path,
    typer.Option(
        help="Folder of the device: token and outbox. Not the installation's data dir.",
        envvar="PANTAU_DEVICE_HOME",
    ),
]
_Ingest = Annotated[str, typer.Option(help="Address of ingest.", envvar="PANTAU_INGEST_URL")]
_Source = Annotated[
    str,
    typer.Option(help="Source of events that name none, as `enrol` prints it.", metavar="SOURCE"),
]
_Offset = Annotated[str, typer.Option(help="Offset of local times in a table.", metavar="+HH:MM")]
_HOME: Final = Path("pantau-device")
_URL: Final = "http://127.0.0.1:8080"


def _tell(head: str, faults: Sequence[Fault]) -> None:
    if faults:
        typer.echo(f"{head}: {len(faults)}", err=True)
    for fault in faults[:_SHOWN]:
        typer.echo(f"  row {fault.row}: {fault.what}", err=True)
    if len(faults) > _SHOWN:
        typer.echo(f"  and {len(faults) - _SHOWN} more", err=True)


def _read(
    path: Path, form: InputForm, source: str, offset: str, key_file: Path | None
) -> ReadEvents:
    """The events of a file, or of stdin (`-`). Raises `OperatorError`."""
    from producers.bridges.read_events import read_lines
    from producers.bridges.tables.event_table import read_event_table
    from producers.bridges.tables.growth_table import Clinic, read_growth_table
    from producers.bridges.tables.table_file import TableError

    if form == InputForm.AUTO:
        is_table = path.suffix.lower() in (".csv", ".xlsx")
        form = InputForm.TABLE if is_table else InputForm.LINES
    try:
        if form == InputForm.LINES:
            content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
            return read_lines(content.split(b"\n"), source)
        if form == InputForm.TABLE:
            return read_event_table(path, source, offset)
        if key_file is None or not source:
            raise OperatorError(
                "growth tables need --source of the clinic and --key-file, the region's key for pseudonyms"
            )
        return read_growth_table(path, Clinic(source, key_file.read_bytes().strip(), offset))
    except TableError as error:
        raise OperatorError(f"{path}: {error}") from None
    except OSError as error:
        raise OperatorError(f"{error.filename or path}: {error.strerror}") from None


def send(
    file: Annotated[Path, typer.Argument(help="JSON lines, CSV or XLSX; - reads lines of stdin.")],
    form: Annotated[
        InputForm,
        typer.Option("--as", help="How to read it. auto: .csv and .xlsx as table, else lines."),
    ] = InputForm.AUTO,
    source: _Source = "",
    offset: _Offset = "+07:00",
    key_file: Annotated[
        Path | None, typer.Option(help="growth: file with the region's key for pseudonyms.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check the file, and send nothing.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Send the good rows though others are bad.")
    ] = False,
    wait_s: Annotated[
        float, typer.Option(help="Seconds to wait until all is sent; what is not stays queued.")
    ] = 60.0,
    home: _Home = _HOME,
    ingest: _Ingest = _URL,
) -> None:
    """Put events into the device's outbox and send them. Whatever happens then, they are sent once in the end.

    All rows are checked first: with one bad row nothing is sent, and each is named by its number. An event without an `id`
    gets one that follows from what it says, so the same file sent twice, or after a kill, changes nothing.

    lines: one JSON event a line; `specversion`, `id` and `source` may be left out.
    table: a column `type`, a column `time`, and a column for each field of `data` (a group: `eaten.sd`; lists: a|b).
    growth: an export of e-PPGBM. Title rows, separators, decimal commas and dates are found; names stay here, and the
    NIK becomes a pseudonym.

    \b
    Examples:
      mkdir -p pantau-device; pantau device enrol --unit SPPG-3211-0001 > pantau-device/token
      pantau device send day.csv --source /32.11/sppg/SPPG-3211-0001 --dry-run
      pantau device send day.csv --source /32.11/sppg/SPPG-3211-0001
      pantau device send export.xlsx --as growth --source /32.11/clinic/PKM-3211-0007 --key-file region.key
      tail -n 5 events.jsonl | pantau device send -
    """
    if source:
        try:
            origin_of(source)
        except ValueError as error:
            raise OperatorError(f"--source {error}") from None
    found = _read(file, form, source, offset, key_file)
    _tell("Notes", found.notes)
    _tell("Bad rows", found.faults)
    if dry_run or (found.faults and not skip_bad):
        typer.echo(f"{len(found.lines)} events could be sent; nothing was", err=True)
        raise typer.Exit(1 if found.faults else 0)
    from producers.device.device_home import DeviceHome
    from producers.device.outbox import Outbox

    place = DeviceHome(home)
    with Outbox(place.outbox) as outbox:
        outbox.append(found.lines)
        with place.flushing() as is_mine:
            if is_mine:
                asyncio.run(_drain(place, outbox, ingest, wait_s))
            else:
                typer.echo("queued: `pantau device run` sends them", err=True)
        waiting, aside = len(outbox), len(outbox.aside())
    typer.echo(f"{len(found.lines)} queued, {waiting} still wait, {aside} were refused in all", err=True)  # fmt: skip
    raise typer.Exit(1 if found.faults or (is_mine and (waiting or aside)) else 0)


async def _drain(place: DeviceHome, outbox: Outbox, ingest: str, wait_s: float) -> None:
    from producers.device.ingest_client import DeviceClient, NotAllowedError
    from producers.device.outbox import drain

    try:
        async with DeviceClient(ingest, place.token(), renewed=place.keep_token) as client:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await drain(outbox, client)
    except NotAllowedError as error:
        raise OperatorError(f"ingest does not take the token ({error}): nothing is lost, enrol the device again") from None  # fmt: skip


def status(
    home: _Home = _HOME,
    ingest: _Ingest = _URL,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Take out what was refused, once it is shown.")
    ] = False,
) -> None:
    """Show what waits, what was refused and why, and how far what was sent has come: by the receipts of the last answers.

    Exit code 0: nothing waits, nothing was refused, and all that the receipts stand for is in ClickHouse.
    """
    from producers.device.device_home import DeviceHome
    from producers.device.ingest_client import DeviceClient, NotAllowedError
    from producers.device.outbox import Outbox, receipt_states

    place = DeviceHome(home)

    async def states(outbox: Outbox) -> list[ReceiptState | None]:
        async with DeviceClient(ingest, place.token(), renewed=place.keep_token) as client:
            return await receipt_states(outbox, client)

    with Outbox(place.outbox) as outbox:
        try:
            found = asyncio.run(states(outbox)) if outbox.receipts() else []
        except NotAllowedError as error:
            raise OperatorError(f"ingest does not take the token ({error})") from None
        aside = outbox.aside()
        waiting, receipts = len(outbox), outbox.receipts()
        rows = [
            (at, *("?",) * 4)
            if one is None
            else (at, one.stored, one.windows, one.clickhouse, one.walls)
            for at, one in enumerate(found, 1)
        ]
        is_through = all(one is not None and one.clickhouse for one in found)
        if json:
            body = {
                "waiting": waiting,
                "aside": [
                    {"line": one.line.decode("utf-8", "replace"), "why": one.why} for one in aside
                ],
                "receipts": dict(zip(receipts, found, strict=True)),
            }
            typer.echo(msgspec.json.encode(body | {"delivered": is_through and not waiting}))
        else:
            typer.echo(f"Waiting: {waiting}\nRefused: {len(aside)}")
            for refused in aside[:_SHOWN]:
                typer.echo(f"  {refused.why}: {refused.line[:100].decode('utf-8', 'replace')}")
            head = ("Receipt", "Stored", "Windows", "ClickHouse", "Walls")
            typer.echo("\n".join(text_table(head, rows)))
        if forget:
            outbox.forget_aside(one.seq for one in aside)
    raise typer.Exit(0 if is_through and not waiting and not aside else 1)


def run(
    mqtt: Annotated[
        str,
        typer.Option(
            help="Also read sensors: mqtt://[user:password@]host[:port].", envvar="PANTAU_MQTT_URL"
        ),
    ] = "",
    maker: Annotated[
        SensorMaker, typer.Option(help="Who makes what they say.")
    ] = SensorMaker.ZIGBEE2MQTT,
    sensor: Annotated[
        list[str] | None,
        typer.Option(help="A sensor and where it is: NAME=chiller, freezer or hot_holding."),
    ] = None,
    topic: Annotated[str, typer.Option(help="MQTT topics. Default: the maker's own.")] = "",
    every_s: Annotated[
        float, typer.Option(help="Of one sensor keep one reading in so many seconds.", min=1)
    ] = 60.0,
    source: _Source = "",
    home: _Home = _HOME,
    ingest: _Ingest = _URL,
) -> None:
    """Send whatever comes into the outbox, until SIGTERM or Ctrl-C. `pantau device send` adds to it meanwhile.

    What is not sent when it stops, or when it is killed, waits in the outbox. Sensors: tasmota says no usable time, so the
    moment of receipt counts; zigbee2mqtt by `last_seen`, shelly by `ts`, ruuvi by its gateway's seconds, each only
    where it can be, else the receipt. A retained message without a time is no reading. A sensor that is not named is
    named in the log, once.

    \b
    Examples:
      pantau device run
      pantau device run --mqtt mqtt://127.0.0.1 --maker zigbee2mqtt --source /32.11/sppg/SPPG-3211-0001 --sensor gudang=chiller
    """
    from producers.bridges.sensors.mqtt_bridge import SensorPlan
    from producers.bridges.sensors.sensor_payloads import TOPICS
    from producers.device.device_home import DeviceHome
    from producers.device.outbox import Outbox

    if mqtt and not source:
        raise OperatorError("--mqtt needs --source, the kitchen whose sensors they are")
    points = dict(_point(one) for one in sensor or ())
    plan = SensorPlan(source, maker, topic or TOPICS[maker], points, every_s) if mqtt else None
    logs.configure("device", "info")
    place = DeviceHome(home)
    with place.flushing() as is_mine, Outbox(place.outbox) as outbox:
        if not is_mine:
            raise OperatorError(f"another process sends from {home}: stop it first")
        asyncio.run(_until_stopped(_run(place, outbox, ingest, mqtt, plan)))


def _point(text: str) -> tuple[str, str]:
    name, _, point = text.rpartition("=")
    if not name or point not in ("chiller", "freezer", "hot_holding"):
        raise OperatorError(f"--sensor {text!r}: write NAME=chiller, NAME=freezer or NAME=hot_holding")  # fmt: skip
    return name, point


async def _run(
    place: DeviceHome, outbox: Outbox, ingest: str, mqtt: str, plan: SensorPlan | None
) -> None:
    from producers.bridges.sensors.mqtt_bridge import follow
    from producers.device.flusher import keep_flushing
    from producers.device.ingest_client import DeviceClient

    async with (
        DeviceClient(ingest, place.token(), renewed=place.keep_token) as client,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(keep_flushing(outbox, client))
        if plan is not None:
            group.create_task(follow(lambda: _mqtt_client(mqtt), plan, outbox.append))


def _mqtt_client(url: str) -> aiomqtt.Client:
    import aiomqtt

    parts = urlsplit(url)
    if parts.scheme != "mqtt" or not parts.hostname:
        raise OperatorError("--mqtt: write mqtt://[user:password@]host[:port]")
    return aiomqtt.Client(parts.hostname, parts.port or 1883, username=parts.username, password=parts.password)  # fmt: skip


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until SIGTERM or SIGINT, then let it end by itself."""
    task = asyncio.ensure_future(work)
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def add_to(group: typer.Typer) -> None:
    """Add the commands to `pantau device`."""
    group.command("send")(send)
    group.command("status")(status)
    group.command("run")(run)

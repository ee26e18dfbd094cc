"""How far each stage of a running installation has come. Every question has its own time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import BasicAuth, ClientError, ClientResponseError, ClientSession, ClientTimeout

from chassis.clocks import secret_key
from chassis.datadir import DataDir, DataDirError
from chassis.feeds import generation_feed
from chassis.feeds.log_ends import Offsets
from chassis.kafka.cluster import cluster_of
from chassis.kafka.interface import BROKER_ERRORS
from chassis.regions.people_file import is_configured
from chassis.settings import Settings
from contracts.receipts import RecentReceipt
from contracts.results.generations import FIRST, Generations
from contracts.results.topics import EVENT_TOPICS, REGION_FEED, REGISTRY, TABLE_TOPICS, topic_of
from contracts.time.clock import real_now_ms
from contracts.tokens import issue, service_claims
from pantau.dev_tokens import short_wall_token
from pantau.status.offsets import LogState, read_offsets
from storage.generation_tables import in_generation

_SINK_GROUPS: Final = "pantau-sink"
"""How the names of the sink's groups begin."""
_SERVICES: Final = ("ingest", "streams", "sinks", "gateway")
_LIMIT_S: Final = 3.5
_RECORD_S: Final = 1.2
"""Everything else waits for it: it names the topics and tables to ask for."""
_TOPICS: Final = (*EVENT_TOPICS, *TABLE_TOPICS, REGISTRY, REGION_FEED)
_LAST_WRITE: Final = "pantau_sink_last_write_seconds"
_FLOOD_AN_HOUR: Final = 1_000
# A stream with a slash is how far the region stage is with each unit fold: its own position says that too.
_POSITIONS: Final = """
SELECT stream, topic, partition, max(p.position) AS position,
       argMax(watermark, p.position) AS watermark, argMax(time, p.position) AS time
FROM pantau_store.positions AS p WHERE position(stream, '/') = 0 GROUP BY stream, topic, partition ORDER BY stream, topic, partition
FORMAT JSONEachRow"""
_LETTERS: Final = """
WITH (SELECT max(`time`) FROM pantau_store.positions) AS now
SELECT count() AS total, countIf(state = 'open') AS open, countIf(recent) AS last_hour,
       CAST(sumMapIf(map(toString(code), 1), recent), 'Map(String, UInt32)') AS codes,
       topKIf(3)(unit_id, recent AND unit_id != '') AS units,
       (SELECT count() FROM pantau_store.sink_rejects FINAL) AS set_aside
FROM (SELECT *, received_at > now - INTERVAL 1 HOUR AS recent FROM pantau.dead_letters) FORMAT JSONEachRow"""


class PartHealth(msgspec.Struct, frozen=True):
    """One service: `state` siap, belum siap or mati; `detail`: why."""

    service: str
    state: str
    detail: str = ""


class Stage(msgspec.Struct, frozen=True):
    """One partition of one stage's input: everything below `position` is applied; None: not known.

    `end`: the log's, with what is not committed yet.
    """

    stage: str
    topic: str
    partition: int
    position: int | None
    end: int | None
    watermark: str | None = None
    time: str | None = None

    @property
    def lag(self) -> int | None:
        """Records that are still to be applied."""
        if self.position is None or self.end is None:
            return None
        return max(self.end - self.position, 0)


class Live(msgspec.Struct, frozen=True):
    """What the gateway serves of a region."""

    region: str
    epoch: str | int
    seq: int
    now: str


class LetterSummary(msgspec.Struct, frozen=True):
    """Dead letters: all, those that are to be mended, and those of the region's last hour, by code and from whom most.

    `set_aside`: lines that the sink could not insert where they belong.
    """

    total: int
    open: int
    last_hour: int
    codes: dict[str, int]
    units: list[str]
    set_aside: int = 0

    @property
    def is_flood(self) -> bool:
        """More came in the last hour than one device may cause for long (see `DeviceLimits`), or people can read."""
        return self.last_hour > _FLOOD_AN_HOUR


class InstallationStatus(msgspec.Struct, frozen=True):
    """The full answer. `troubles`: what could not be asked, in words; `notices`: somebody is configured to be
    written to; `receipts`: the newest that ingest has given."""

    services: list[PartHealth]
    stages: list[Stage]
    live: list[Live]
    letters: LetterSummary | None
    last_write: dict[str, float]
    troubles: list[str]
    generations: Generations | None = None
    notices: bool = False
    receipts: list[RecentReceipt] | None = None

    @property
    def fine(self) -> bool:
        """Everything is ready and could be asked."""
        return not self.troubles and all(one.state == "siap" for one in self.services)


_recent: Final = msgspec.json.Decoder(list[RecentReceipt])


class _Asker:
    """Asks the HTTP parts of one installation."""

    def __init__(self, settings: Settings, client: ClientSession) -> None:
        self._settings = settings
        self._home = DataDir(settings.data_dir)
        self._client = client

    def url(self, service: str) -> str | None:
        """Base address of a service, or None if it noted none."""
        settings = self._settings
        noted = self._home.read_run(service)
        if noted is not None:
            return str(noted["health"])
        here = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
        ports = {"ingest": settings.ingest_port, "gateway": settings.gateway_port}
        return f"http://{here}:{ports[service]}" if service in ports else None

    async def _text(self, url: str, headers: dict[str, str] | None = None) -> str:
        async with self._client.get(url, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.text()

    def services(self) -> tuple[str, ...]:
        """Those with a health route of ours; the simulator only where one plays."""
        plays = self._home.read_run("simulator") is not None
        names = (*_SERVICES, "notices") if self.writes_to_people() else _SERVICES
        return (*names, "simulator") if plays else names

    def writes_to_people(self) -> bool:
        """Whether somebody is configured, or the service runs all the same."""
        settings = self._settings
        return is_configured(settings.regions_dir, settings.regions) or (
            self._home.read_run("notices") is not None
        )

    async def health(self, service: str) -> PartHealth:
        url = self.url(service)
        if url is None:
            return PartHealth(service, "mati", "not running on this data dir")
        try:
            async with self._client.get(f"{url}/readyz") as answer:
                detail = str((await answer.json()).get("detail", ""))
        except (ClientError, OSError, ValueError) as error:
            return PartHealth(service, "mati", f"no answer from {url} ({type(error).__name__})")
        return PartHealth(
            service, "siap" if answer.status == HTTPStatus.OK else "belum siap", detail
        )

    async def clickhouse_health(self) -> PartHealth:
        url = self._settings.clickhouse_url
        try:
            await self._text(f"{url}/ping")
        except (ClientError, OSError) as error:
            return PartHealth(
                "clickhouse", "mati", f"no answer from {url} ({type(error).__name__})"
            )
        return PartHealth("clickhouse", "siap")

    async def query(self, sql: str) -> str:
        settings = self._settings
        password = settings.clickhouse_password.get_secret_value()
        if not password:
            password = self._home.clickhouse_accounts()[settings.clickhouse_user]
        auth = BasicAuth(settings.clickhouse_user, password)
        async with self._client.post(settings.clickhouse_url, data=sql, auth=auth) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def positions(self, generation: int) -> list[dict[str, Any]]:
        lines = (await self.query(in_generation(_POSITIONS, generation))).splitlines()
        rows: list[dict[str, Any]] = [msgspec.json.decode(line) for line in lines]
        return [row | {"topic": topic_of(row["topic"], generation)} for row in rows]

    async def dead_letters(self) -> LetterSummary:
        return msgspec.json.decode(await self.query(_LETTERS), type=LetterSummary, strict=False)

    async def live(self) -> list[Live]:
        url = self.url("gateway")
        token = short_wall_token(secret_key(self._settings))
        found = []
        for region in self._settings.regions:
            state = f"{url}/v1/state?region={region}&levels=kabupaten"
            headers = {"Authorization": f"Bearer {token}"}
            frame = msgspec.json.decode(await self._text(state, headers))
            found.append(Live(region, frame["epoch"], frame["seq"], frame["now"]))
        return found

    async def receipts(self) -> list[RecentReceipt]:
        token = issue(secret_key(self._settings), service_claims("pantau-status", real_now_ms()))
        headers = {"Authorization": f"Bearer {token}"}
        return _recent.decode(await self._text(f"{self.url('ingest')}/v1/receipts", headers))

    async def last_write(self) -> dict[str, float]:
        url = self.url("sinks")
        text = await self._text(f"{url}/metrics") if url else ""
        lines = (line for line in text.splitlines() if line.startswith(_LAST_WRITE))
        return {line.split('"')[1]: float(line.rsplit(" ", 1)[1]) for line in lines}


def stages(positions: Iterable[dict[str, Any]], sink: Offsets, ends: Offsets) -> list[Stage]:
    """Rows of the table: folds by their positions, the sink by its group's offsets."""
    folds = [
        Stage(
            stage=row["stream"],
            topic=row["topic"],
            partition=int(row["partition"]),
            position=int(row["position"]),
            end=ends.get((row["topic"], int(row["partition"]))),
            watermark=row["watermark"],
            time=row["time"],
        )
        for row in positions
    ]
    landed = [
        Stage("sink", topic, partition, sink.get((topic, partition)), end)
        for (topic, partition), end in sorted(ends.items())
        if not topic.startswith(REGION_FEED)
    ]
    return sorted(folds, key=_order) + landed


def _order(stage: Stage) -> tuple[bool, str, str, int]:
    """The way of the data: unit folds before the region's."""
    return stage.topic.startswith(REGION_FEED), stage.stage, stage.topic, stage.partition


async def _within(name: str, asked: Awaitable[Any], fallback: Any, troubles: list[str]) -> Any:
    """The answer, or `fallback` with a trouble noted: a part that is down must not hide the others."""
    try:
        return await asyncio.wait_for(asked, _LIMIT_S)
    except ClientResponseError as error:
        troubles.append(f"{name}: HTTP {error.status}")
    except TimeoutError:
        troubles.append(f"{name}: no answer within {_LIMIT_S:.1f} s")
    except (*BROKER_ERRORS, ClientError, DataDirError) as error:
        troubles.append(f"{name}: {error or type(error).__name__}")
    return fallback


async def collect(settings: Settings) -> InstallationStatus:
    """Ask everything at once; takes at most some 4 s."""
    troubles: list[str] = []
    async with ClientSession(timeout=ClientTimeout(_LIMIT_S)) as client:
        asker = _Asker(settings, client)

        def within(name: str, asked: Awaitable[Any], fallback: Any) -> Awaitable[Any]:
            return _within(name, asked, fallback, troubles)

        key = secret_key(settings)
        reading = asyncio.wait_for(
            generation_feed.read(cluster_of(settings, "operator"), key), _RECORD_S
        )
        generations = await within("generations", reading, None)
        shown = generations.shown if generations is not None else FIRST
        names = [topic_of(name, shown) for name in _TOPICS]
        offsets = asyncio.to_thread(
            read_offsets, cluster_of(settings, "operator"), names, _SINK_GROUPS
        )
        (
            (ends, sink, waits),
            positions,
            dead,
            live,
            last_write,
            receipts,
            *services,
        ) = await asyncio.gather(
            within("kafka", offsets, LogState({}, {}, [])),
            within("clickhouse, positions", asker.positions(shown), []),
            within("clickhouse, dead letters", asker.dead_letters(), None),
            within("gateway", asker.live(), []),
            within("sinks", asker.last_write(), {}),
            within("ingest, receipts", asker.receipts(), None),
            *(asker.health(name) for name in asker.services()),
            asker.clickhouse_health(),
        )
    services.append(PartHealth("kafka", "siap" if ends else "mati"))
    found = stages(positions, sink, ends)
    troubles += map(str, waits)
    return InstallationStatus(
        services=services,
        stages=found,
        live=live,
        letters=dead,
        last_write=last_write,
        troubles=troubles,
        generations=generations,
        notices=asker.writes_to_people(),
        receipts=receipts,
    )

"""People of the desk against a real gateway and a real broker: log in, acknowledge, assess."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.datadir import DataDir
from chassis.desk_accounts import DeskAccounts
from chassis.kafka.cluster import Cluster
from chassis.kafka.interface import Place
from chassis.kafka.log import KafkaAccess
from contracts.commands import Acknowledge, Assess, Command, decode_command
from contracts.results.topics import COMMAND, COMMANDS, control_of
from tests.dashboard_ws.conftest import AS_OF, KEY, REGION, GatewayProcess, Stream, Wall, token
from tests.dashboard_ws.gateway.api.oidc.small_provider import CLIENT, SECRET, SmallProvider

pytestmark = pytest.mark.real

PASSWORD = "a long password"


def alert(alert_id: str, kind: str) -> tuple[str, dict[str, Any]]:
    return alert_id, {
        "topic": "alerts", "key": alert_id, "region": REGION, "id": alert_id, "kind": kind,
        "state": "raised", "evidence": '{"cases": 3}', "as_of": AS_OF, "ttl_s": 900,
    }  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[SmallProvider]:
    one = SmallProvider()
    yield one
    one.close()


@pytest.fixture(scope="module")
def served(
    broker: str, provider: SmallProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    folder: Path = tmp_path_factory.mktemp("desk")
    accounts = DeskAccounts(DataDir(folder))
    accounts.put("dadan", "desk", PASSWORD)
    accounts.put("ratna", "health", PASSWORD)
    one = GatewayProcess(
        broker,
        folder,
        PANTAU_OIDC_ISSUER=provider.issuer,
        PANTAU_OIDC_CLIENT_ID=CLIENT,
        PANTAU_OIDC_CLIENT_SECRET=SECRET,
        PANTAU_OIDC_ROLES="dinkes=health",
    )
    with one.running():
        yield one


@pytest.fixture
async def stream(served: GatewayProcess) -> AsyncIterator[Stream]:
    one = Stream(served.broker)
    await one.start()
    await one.flush(dict([alert("late", "delivery_late"), alert("ill", "foodborne_cluster")]))
    async with served.connect() as socket:
        wall = Wall(socket)
        await wall.begin()
        while "ill" not in wall.rows or wall.epoch != one.epoch:
            await wall.next()
    yield one
    await one.stop()


def log_in(served: GatewayProcess, user: str, password: str = PASSWORD) -> httpx.Response:
    asked = {"user": user, "password": password}
    return httpx.post(f"{served.url}/v1/desk/login", json=asked, timeout=60)


def act(served: GatewayProcess, user: str, path: str, **body: Any) -> httpx.Response:
    return post(served, path, log_in(served, user).json()["token"], **body)


def post(served: GatewayProcess, path: str, bearer: str, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"}
    return httpx.post(f"{served.url}/v1/alerts/{path}", json=body, headers=headers)


def cases(served: GatewayProcess, user: str) -> str:
    """Evidence of the cluster as `user` is shown it."""
    bearer = {"Authorization": f"Bearer {log_in(served, user).json()['token']}"}
    asked = {"region": REGION, "topics": "alerts"}
    state = httpx.get(f"{served.url}/v1/state", params=asked, headers=bearer).json()
    [evidence] = [row["evidence"] for row in state["rows"] if row["key"] == "ill"]
    return str(evidence)


async def commands(broker: str) -> list[Command]:
    found = []
    async with KafkaAccess(Cluster(broker)).reader() as reader:
        async for records in reader.read_to_end(Place(COMMANDS, 0)):
            for record in records:
                assert control_of(KEY, record) == COMMAND
                found.append(decode_command(record.value or b""))
    return found


@pytest.mark.usefixtures("stream")
async def test_what_people_do_becomes_a_signed_command(served: GatewayProcess) -> None:
    until = "2099-01-01T00:00:00+07:00"
    answers = [
        act(served, "dadan", "late/ack", note="kami telepon", until=until),
        act(served, "ratna", "ill/assess", assessment="discarded", note="flu"),
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (await commands(served.broker))[-2:]
    assert isinstance(first, Acknowledge) and isinstance(second, Assess)
    assert (first.region, first.alert_id, first.by) == (REGION, "late", "dadan")
    assert (first.note, first.until_ms) == ("kami telepon", 4_070_883_600_000)
    assert (second.alert_id, second.by, second.assessment) == ("ill", "ratna", "discarded")
    assert [answer.json()["command"] for answer in answers] == [first.id, second.id]


@pytest.mark.usefixtures("stream")
async def test_what_is_refused(served: GatewayProcess) -> None:
    before = await commands(served.broker)
    assert log_in(served, "dadan", "wrong").status_code == 401
    assert log_in(served, "nobody").status_code == 401
    assert act(served, "dadan", "ill/assess", assessment="verified", note="x").status_code == 403
    assert act(served, "ratna", "late/assess", assessment="verified", note="x").status_code == 409
    assert act(served, "ratna", "ill/assess", assessment="maybe", note="x").status_code == 422
    assert act(served, "dadan", "none/ack").status_code == 404
    assert act(served, "dadan", "late/ack", until="2020-01-01T00:00:00Z").status_code == 400
    assert post(served, "late/ack", token()).status_code == 401
    assert await commands(served.broker) == before


@pytest.mark.usefixtures("stream")
async def test_small_counts_are_for_the_health_office(served: GatewayProcess) -> None:
    assert cases(served, "dadan") == '{"cases":null}'
    assert cases(served, "ratna") == '{"cases": 3}'


@pytest.mark.usefixtures("stream")
async def test_a_person_of_the_provider_acts_by_name_and_without_it_passwords_go_on(
    served: GatewayProcess, provider: SmallProvider
) -> None:
    async with httpx.AsyncClient(base_url=f"{served.url}/v1/desk/oidc") as browser:
        begun = await browser.get("/start")
        came = await browser.get("/back", params=provider.authorize(begun.headers["Location"]))
        assert came.headers["Location"] == f"{served.url}/desk#sso=in"
        bearer = (await browser.post("/token")).json()["token"]
        taken = post(served, "ill/assess", bearer, assessment="verified", note="sampel").json()
        provider.close()
        came = await browser.get("/back", params={"state": "x", "code": "x"})
        assert came.headers["Location"] == f"{served.url}/desk#sso=failed"
        assert (await browser.get(f"{served.url}/readyz")).status_code == 200
    [command] = [one for one in await commands(served.broker) if one.id == taken["command"]]
    assert isinstance(command, Assess)
    assert command.by == "ratna (dinas)"
    assert log_in(served, "dadan").status_code == 200


def test_who_guesses_is_slowed_and_who_shares_the_address_gets_in(served: GatewayProcess) -> None:
    assert log_in(served, "ratna").status_code == 200
    with ThreadPoolExecutor(24) as guessers:
        answers = list(guessers.map(lambda _: log_in(served, "dadan", "guess"), range(24)))
    # Some failures may be owed from before.
    assert Counter(one.status_code for one in answers)[401] <= 10
    assert log_in(served, "dadan", "guess").status_code == 429
    assert log_in(served, "ratna").status_code == 200

"""What ingest does for the form: its pages, enrolment by a code, and what it says of a source."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from chassis.datadir import DataDir
from chassis.http.pages import DIST
from chassis.kafka.cluster import Cluster
from chassis.kafka.log import KafkaAccess
from chassis.used_codes import UsedCodes
from contracts.enrolments import CodeUsed
from contracts.pseudonyms import pseudonym, region_key
from contracts.registry.entities import Registry
from contracts.revocations import Revocations
from contracts.time.clock import RealClock, real_now_ms
from contracts.tokens import enrol_claims, issue, verify
from pantau.enrolment.code_notes import notes_on
from producers.ingest.form.form_api import FormApi
from producers.ingest.sending.link import KafkaLink
from tests.examples import CLINIC, KITCHEN, REGION, SCHOOL
from tests.producers.installation import KEY, Running, bearer
from tests.registry_small import SMALL

pytestmark = pytest.mark.real


def code_of(unit_id: str, valid_s: int = 600) -> str:
    return issue(KEY, enrol_claims(unit_id, real_now_ms(), valid_s))


def enrol(served: Running, code: str, phone: str = "a") -> httpx.Response:
    return httpx.post(f"{served.url}/v1/enrol", json={"code": code, "phone": phone})


def test_a_code_becomes_a_token_once_a_phone(served: Running) -> None:
    code = code_of(KITCHEN)
    answer = enrol(served, code)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert verify(KEY, answer.json()["token"], real_now_ms() / 1000, "device").sub == KITCHEN
    assert "pseudonym_key" not in answer.json(), "a kitchen makes no pseudonyms"
    assert enrol(served, code, "b").status_code == 401
    assert enrol(served, code).status_code == 200, "its answer may have been lost on the way"


def test_a_code_that_was_used_is_noted_once(served: Running) -> None:
    code = code_of(SCHOOL, 900)
    claims = verify(KEY, code, real_now_ms() / 1000, "enrol")
    assert enrol(served, code, "b").status_code == 200
    assert enrol(served, code, "c").status_code == 401
    notes = asyncio.run(notes_on(KafkaAccess(Cluster(served.broker)), KEY))
    [noted] = [one for one in notes.records if one.jti == claims.jti]
    assert isinstance(noted, CodeUsed) and noted.sub == SCHOOL


@pytest.mark.parametrize("phone", ["", "c"])
def test_a_code_without_the_phones_name_works_once(served: Running, phone: str) -> None:
    code = code_of(SCHOOL)
    assert enrol(served, code, "").status_code == 200
    assert enrol(served, code, phone).status_code == 401


def test_only_a_clinic_gets_the_key_of_its_region(served: Running) -> None:
    key = enrol(served, code_of(CLINIC)).json()["pseudonym_key"]
    assert bytes.fromhex(key) == region_key(KEY, REGION)
    assert "pseudonym_key" not in enrol(served, code_of(SCHOOL)).json()
    assert region_key(KEY, REGION) not in (KEY, region_key(KEY, "32.08"))
    assert len(pseudonym(bytes.fromhex(key), "3211081505900001")) == 32


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b'{"code": 1}', b'{"code": ""}', b'{"code": "p1.e30.x"}']
)
def test_what_is_no_code_is_refused(served: Running, body: bytes) -> None:
    answer = httpx.post(f"{served.url}/v1/enrol", content=body)
    assert answer.status_code in (400, 401)
    assert answer.headers["content-type"] == "application/problem+json"


def test_codes_of_another_kind_and_old_ones_are_refused(served: Running) -> None:
    token = bearer(KITCHEN)["Authorization"].removeprefix("Bearer ")
    for code in (token, code_of(KITCHEN, -1)):
        assert enrol(served, code).status_code == 401
    assert httpx.post(f"{served.url}/v1/enrol", content=b"x" * 5_000).status_code == 413
    as_token = {"Authorization": f"Bearer {code_of(KITCHEN)}"}
    assert httpx.get(f"{served.url}/v1/source", headers=as_token).status_code == 401


async def test_enrolment_is_limited_by_address(tmp_path: Path) -> None:
    link = KafkaLink(Cluster("127.0.0.1:1"), ())
    registry = Registry((SMALL,))
    api = FormApi(KEY, DataDir(tmp_path), RealClock(), link, lambda: registry, Revocations())
    transport = httpx.ASGITransport(Starlette(routes=api.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        seen = [await client.post("/v1/enrol", content=b"{}") for _ in range(90)]
    assert seen[0].status_code == 400
    assert seen[-1].status_code == 429
    assert seen[-1].headers["retry-after"]


def source(served: Running, source_id: str) -> httpx.Response:
    return httpx.get(f"{served.url}/v1/source", headers=bearer(source_id))


def test_a_source_learns_what_the_registry_says_of_it(served: Running) -> None:
    kitchen = source(served, KITCHEN).json()
    assert kitchen["source"] == f"/{REGION}/sppg/{KITCHEN}"
    assert (kitchen["timezone"], kitchen["clock_factor"]) == ("Asia/Jakarta", 1.0)
    [fed] = kitchen["recipients"]
    # On Saturday and Sunday nobody is served in this region.
    assert fed["id"] == SCHOOL and {*fed["registered"], *fed["not_served"]} == {"sd", "guru"}

    school = source(served, SCHOOL).json()
    assert school["kind"] == "recipient" and school["recipients"] == []
    assert school["kitchen"] == {"id": KITCHEN, "name": f"Satuan {KITCHEN}"}
    assert school["recipient"]["meal_time"] == "10:00"
    assert school["day_closes"] == "24:00"
    assert len(source(served, CLINIC).json()["recipients"]) == 2
    enrolled = enrol(served, code_of(SCHOOL, 800)).json()["source"]
    assert enrolled | {"now": ""} == school | {"now": ""}, "the first screen asks for nothing more"
    assert source(served, "SPPG-9999-0001").status_code == 404
    assert httpx.get(f"{served.url}/v1/source").status_code == 401


def test_the_form_is_at_the_root_and_no_address_of_the_api_is_a_page(served: Running) -> None:
    page = httpx.get(f"{served.url}/")
    assert page.status_code == 200 and "field" in page.text
    assert sum(one.stat().st_size for one in (DIST / "field").rglob("*.gz")) < 60_000, "2G"
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    # A slow line opens no second connection for the style; no other style within a page is obeyed.
    assert ".css" not in page.text and page.text.count("<style>") == policy.count("'sha256-") == 1
    assert page.headers["cache-control"] == "no-cache"
    worker = httpx.get(f"{served.url}/field-sw.js")
    assert worker.headers["cache-control"] == "no-cache"
    assert "javascript" in worker.headers["content-type"]
    assert httpx.get(f"{served.url}/v1/nothing").status_code == 404
    assert httpx.get(f"{served.url}/v1/events").status_code == 405
    assert httpx.get(f"{served.url}/..%2f..%2fpackage.json").status_code == 404


def test_codes_used_are_kept_for_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = DataDir(tmp_path_factory.mktemp("codes"))
    claims = enrol_claims(KITCHEN, real_now_ms())
    assert UsedCodes(home).use(claims, "a")
    assert UsedCodes(home).use(claims, "a")
    assert not UsedCodes(home).use(claims, "b")
    assert not UsedCodes(home).use(claims)

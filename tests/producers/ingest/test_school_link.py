"""A school link: many phones trade it for a token each, so many a day, until it ends or is revoked."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec
import pytest

from chassis.datadir import DataDir
from chassis.http.problems import Problem
from contracts.registry.entities import Registry
from contracts.revocations import Revocation, Revocations
from contracts.time.clock import RealClock, real_now_ms
from contracts.tokens import (
    LINK_DEVICE_DAYS,
    Claims,
    TokenError,
    device_claims,
    issue,
    link_claims,
    verify,
)
from producers.ingest.form.enrolment import Enrolment
from producers.ingest.form.link_phones import LINK_PHONES, LinkPhones
from producers.ingest.requests.device_auth import bearer_claims
from tests.examples import CLINIC, KITCHEN, SCHOOL
from tests.producers.installation import KEY, Running, line
from tests.registry_small import OTHER, SMALL

_DAY_S = 86_400


def link_of(source_id: str, valid_s: int = 90 * _DAY_S) -> str:
    return issue(KEY, link_claims(source_id, real_now_ms(), valid_s))


def open_link(served: Running, code: str, phone: str) -> httpx.Response:
    return httpx.post(f"{served.url}/v1/enrol", json={"code": code, "phone": phone})


def days_left(token: str) -> float:
    now_s = real_now_ms() / 1000
    exp = verify(KEY, token, now_s, "device").exp
    assert exp is not None
    return (exp - now_s) / _DAY_S


@pytest.mark.real
def test_each_phone_gets_a_token_that_ends_soon_and_never_after_the_link(served: Running) -> None:
    link = link_of(SCHOOL, 20 * _DAY_S)
    tokens = [open_link(served, link, name).json()["token"] for name in ("a", "b", "a")]
    assert len(set(tokens)) == 3
    assert all(LINK_DEVICE_DAYS - 1 < days_left(one) <= LINK_DEVICE_DAYS for one in tokens)
    headers = {"Authorization": f"Bearer {tokens[0]}"}
    posted = httpx.post(
        f"{served.url}/v1/events",
        content=line("recipient.meal.eaten", uuid.uuid4().hex),
        headers=headers | {"Content-Type": "application/x-ndjson"},
    )
    assert posted.status_code == 202, posted.text
    # A token of day 13: renewed, it ends with the link.
    late = issue(KEY, device_claims(SCHOOL, real_now_ms(), real_now_ms() // 1000 + 7 * _DAY_S))
    renewed = httpx.post(f"{served.url}/v1/token", headers={"Authorization": f"Bearer {late}"})
    assert 6 < days_left(renewed.json()["token"]) <= 7


@pytest.fixture
def enrolment(tmp_path: Path) -> Enrolment:
    return Enrolment(KEY, DataDir(tmp_path), RealClock(), Revocations())


def body_of(code: str, phone: str) -> bytes:
    return msgspec.json.encode({"code": code, "phone": phone})


def status_of(enrolment: Enrolment, body: bytes) -> int:
    try:
        enrolment.enrol(body, Registry((SMALL, OTHER)))
    except Problem as problem:
        return problem.status
    return 200


def test_a_link_serves_so_many_phones_a_day(enrolment: Enrolment) -> None:
    link = link_of(SCHOOL)
    names = [f"phone-{number}" for number in range(LINK_PHONES + 4)]
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda name: status_of(enrolment, body_of(link, name)), names))
    assert (codes.count(200), codes.count(403)) == (LINK_PHONES, 4)
    admitted = names[codes.index(200)]
    assert status_of(enrolment, body_of(link, admitted)) == 200, "its answer may have been lost"
    assert status_of(enrolment, body_of(link_of(SCHOOL), "another link")) == 200


def test_hostile_links_are_refused(enrolment: Enrolment) -> None:
    good = link_of(SCHOOL)
    head, payload, mac = good.split(".")
    hostile = [
        link_of(KITCHEN),
        link_of(CLINIC),
        link_of("npsn:99999999"),
        link_of(SCHOOL, -1),
        f"{head}.{link_of(KITCHEN).split('.')[1]}.{mac}",
        f"{head}.{payload}.{mac[:-2]}",
        issue(bytes(32), link_claims(SCHOOL, real_now_ms(), _DAY_S)),
        issue(KEY, Claims("code", SCHOOL, "x", real_now_ms())),
        good * 2,
    ]
    assert [status_of(enrolment, body_of(code, "h")) for code in hostile] == [401] * len(hostile)
    assert status_of(enrolment, body_of(good, "")) == 400
    for phone in (b"\\ud800", b"\\u0000", b"x" * 3_000):
        body = b'{"code": "%s", "phone": "%s"}' % (good.encode(), phone)
        assert status_of(enrolment, body) in (200, 400)
    claims = link_claims(SCHOOL, real_now_ms(), _DAY_S)
    with pytest.raises(Problem):
        bearer_claims(f"Bearer {issue(KEY, claims)}", KEY, Revocations(), "device")


def test_a_revocation_of_the_school_voids_its_links_and_what_came_by_them() -> None:
    revoked, now_ms = Revocations(), real_now_ms()
    made = [link_claims(SCHOOL, now_ms, _DAY_S), device_claims(SCHOOL, now_ms, now_ms)]
    revoked.add(Revocation("device", SCHOOL, now_ms))
    for claims in made:
        with pytest.raises(TokenError, match="revoked"):
            revoked.check(claims)
    revoked.check(link_claims(SCHOOL, now_ms + 1, _DAY_S))


def test_the_count_outlives_a_restart_and_ends_after_a_day(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home, now_ms = DataDir(tmp_path_factory.mktemp("links")), real_now_ms()
    for number in range(LINK_PHONES):
        assert LinkPhones(home).admit("link", f"phone-{number}", now_ms + number)
    assert not LinkPhones(home).admit("link", "one more", now_ms + 1000)
    assert LinkPhones(home).admit("link", "phone-3", now_ms + 1000)
    assert LinkPhones(home).admit("other", "one more", now_ms + 1000)
    assert LinkPhones(home).admit("link", "one more", now_ms + _DAY_S * 1000)
    assert not LinkPhones(home).admit("link", "two more", now_ms + _DAY_S * 1000)

"""Section 3 of the public contract against a real ingest and a real broker."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any

import httpx
import pytest

from contracts.events.codes import Code
from contracts.events.event_types import TYPES
from contracts.events.partition import partition_of
from contracts.registry.entities import RegionRegistry
from contracts.results.tables import TABLES
from contracts.results.topics import CLINIC_EVENTS, DEAD_LETTERS, SPPG_EVENTS
from contracts.time.clock import real_now_ms
from contracts.time.instant import epoch_ms
from producers.ingest.requests.body import MAX_BODY_BYTES, MAX_EVENTS
from tests.examples import CLINIC, KITCHEN, event
from tests.producers.installation import (
    PARTITIONS,
    Running,
    is_problem,
    line,
    lines_with,
    now,
    publish,
    read,
    temperature,
    token,
)
from tests.registry_small import OTHER_KITCHEN, SECOND_KITCHEN, SMALL, unit

pytestmark = pytest.mark.real

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NIK = "3211081505900001"


def letters(running: Running, *details: str) -> list[tuple[bytes | None, dict[str, Any]]]:
    """Key and row of the dead letters whose bytes hold one of `details`."""
    found = []
    for record in read(running.broker, DEAD_LETTERS):
        # Other tests say what people did with letters, in the same topic.
        if record.headers == {"table": b"letter_actions"}:
            continue
        assert record.headers == {"table": b"dead_letters"}
        for raw in record.value.split(b"\n"):
            row = json.loads(raw)
            if any(text.encode() in base64.b64decode(row["bytes"]) for text in details):
                found.append((record.key, row))
    return found


def counts(answer: httpx.Response) -> tuple[int, list[Any]]:
    """What was accepted and rejected, of an answer that has a receipt too."""
    body = answer.json()
    assert body.pop("receipt").startswith("r1.")
    return body.pop("accepted"), body.pop("rejected")


def test_an_accepted_event_is_on_kafka_when_the_answer_comes(served: Running) -> None:
    before = real_now_ms()
    answer = served.post(temperature("one-1"), KITCHEN, Content_Type=SINGLE)
    assert (answer.status_code, counts(answer)) == (202, (1, []))
    [(record, got)] = lines_with(read(served.broker, SPPG_EVENTS), "one-1")
    assert record.partition == partition_of(KITCHEN, PARTITIONS)
    assert record.key == KITCHEN.encode()
    assert before <= epoch_ms(got["receivedtime"]) <= real_now_ms()


def test_a_pretty_printed_event_becomes_one_line(served: Running) -> None:
    body = json.dumps(event("unit.heartbeat", id="pretty-1", time=now()), indent=2).encode()
    assert served.post(body, KITCHEN, Content_Type=SINGLE).status_code == 202
    [(_, got)] = lines_with(read(served.broker, SPPG_EVENTS), "pretty-1")
    assert got["data"]["version"] == "1.2.0"


def test_what_the_device_says_of_receivedtime_does_not_count(served: Running) -> None:
    body = temperature("forged-1", receivedtime="2020-01-01T00:00:00Z")
    assert served.post(body, KITCHEN).status_code == 202
    [(record, got)] = lines_with(read(served.broker, SPPG_EVENTS), "forged-1")
    assert record.value.count(b"receivedtime") == 1
    assert abs(epoch_ms(got["receivedtime"]) - real_now_ms()) < 60_000


def test_clinics_have_their_own_topic(served: Running) -> None:
    body = line("clinic.immunization.given", "clinic-1")
    assert served.post(body, CLINIC).status_code == 202
    [(record, _)] = lines_with(read(served.broker, CLINIC_EVENTS), "clinic-1")
    assert record.partition == partition_of(CLINIC, PARTITIONS)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("media", [BATCH, "application/x-ndjson; charset=UTF-8"])
def test_batches_keep_their_order(served: Running, media: str, packed: bool) -> None:
    ids = [f"order-{packed}-{media[12:17]}-{number}" for number in range(700)]
    lines = [temperature(one) for one in ids]
    body = b"[" + b",".join(lines) + b"]" if media == BATCH else b"\n".join(lines) + b"\n"
    headers = {"Content_Type": media} | ({"Content_Encoding": "gzip"} if packed else {})
    answer = served.post(gzip.compress(body) if packed else body, KITCHEN, **headers)
    assert counts(answer) == (700, [])
    pairs = lines_with(read(served.broker, SPPG_EVENTS), *ids)
    assert [got["id"] for _, got in pairs] == ids
    assert {record.key for record, _ in pairs} == {None}
    assert {record.partition for record, _ in pairs} == {partition_of(KITCHEN, PARTITIONS)}


def test_a_large_request_is_cut_into_records_that_fit(served: Running) -> None:
    big = {"batch": "B", "portions": 1, "core_temp_c": 70}
    lines = [
        line("sppg.cooking.finished", f"big-{number}", data=big, filler="x" * 60_000)
        for number in range(60)
    ]
    assert counts(served.post(b"\n".join(lines), KITCHEN)) == (60, [])
    records = {record.value for record, _ in lines_with(
        read(served.broker, SPPG_EVENTS), *(f"big-{number}" for number in range(60))
    )}  # fmt: skip
    assert len(records) > 1
    assert max(map(len, records)) <= 1_000_000


def test_a_mixed_request_names_what_is_wrong_and_keeps_it(served: Running) -> None:
    body = b"\n".join(
        [
            temperature("mixed-0"),
            b'{"mixed-1": not json',
            b"",
            temperature("mixed-3", source=f"/32.11/sppg/{SECOND_KITCHEN}"),
            temperature("mixed-4", data={"temp_c": 900}),
            temperature("mixed-5", time=now(-31 * 86_400_000)),
        ]
    )
    answer = served.post(body, KITCHEN)
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 1
    assert [(one["index"], one["id"], one["code"]) for one in told["rejected"]] == [
        (1, None, Code.NOT_JSON),
        (3, "mixed-3", Code.FOREIGN_SOURCE),
        (4, "mixed-4", Code.OUT_OF_RANGE),
        (5, "mixed-5", Code.TOO_OLD),
    ]
    kept = letters(served, "mixed-")
    assert [row["line"] for _, row in kept] == [1, 3, 4, 5]
    assert {key for key, _ in kept} == {KITCHEN.encode()}
    assert base64.b64decode(kept[0][1]["bytes"]) == b'{"mixed-1": not json'
    assert {(row["unit_id"], row["region"]) for _, row in kept} == {(KITCHEN, "32.11")}
    columns = [column.name for column in TABLES["dead_letters"].columns]
    assert [list(row) for _, row in kept] == [columns] * 4
    days = [row["event_day"] for _, row in kept]
    assert days[0] is None
    assert epoch_ms(f"{days[3]}T00:00:00Z") < epoch_ms(f"{days[1]}T00:00:00Z") - 30 * 86_400_000


def test_the_same_refused_line_again_is_the_same_letter(served: Running) -> None:
    body = b"\n".join([temperature("again-1"), b"again-2 {", b"again-2 {"])
    for _ in range(2):
        assert served.post(body, KITCHEN).status_code == 202
    ids = [row["letter_id"] for _, row in letters(served, "again-2")]
    assert len(ids) == 4
    assert len(set(ids)) == 2


def test_nothing_accepted_is_422_with_the_same_body(served: Running) -> None:
    answer = served.post(temperature("none-1", type="sppg.unheard.of"), KITCHEN)
    assert answer.status_code == 422
    [one] = answer.json()["rejected"]
    assert (one["code"], answer.json()["accepted"]) == (Code.UNKNOWN_TYPE, 0)
    assert letters(served, "none-1")


def test_a_nik_is_blotted_out_everywhere(served: Running) -> None:
    data = {"kind": "injury", "severity": 1, "note": f"NIK {NIK} luka"}
    body = line("sppg.incident.reported", "nik-1", data=data)
    answer = served.post(body, KITCHEN)
    assert answer.json()["rejected"][0]["code"] == Code.NIK
    broken = f'{{"nik-2 {NIK}'.encode()
    assert served.post(temperature("nik-3") + b"\n" + broken, KITCHEN).status_code == 202
    kept = [base64.b64decode(row["bytes"]) for _, row in letters(served, "nik-1", "nik-2")]
    assert len(kept) == 2
    assert all(b"#" * 16 in one for one in kept)
    written = [one.value for one in read(served.broker, DEAD_LETTERS)]
    assert not [one for one in written if NIK.encode() in one]
    assert NIK not in served.log.read_text()


def test_an_event_beyond_64_kib_is_too_large(served: Running) -> None:
    body = temperature("fat-0") + b"\n" + temperature("fat-1", filler="x" * 65_536)
    answer = served.post(body, KITCHEN)
    assert [one["code"] for one in answer.json()["rejected"]] == [Code.TOO_LARGE]
    [(_, row)] = letters(served, "fat-1")
    assert len(base64.b64decode(row["bytes"])) <= 65_536


def test_a_huge_line_that_is_no_json_still_makes_a_letter(served: Running) -> None:
    body = temperature("huge-0") + b"\n" + b"huge-1" + b"y" * 4_000_000
    assert served.post(body, KITCHEN).status_code == 202
    assert len(letters(served, "huge-1")) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"\n\n"])
@pytest.mark.parametrize("media", [SINGLE, BATCH, "application/x-ndjson"])
def test_400_when_nothing_parses(served: Running, body: bytes, media: str) -> None:
    is_problem(served.post(body, KITCHEN, Content_Type=media), 400)


def test_400_for_damaged_gzip(served: Running) -> None:
    good = gzip.compress(temperature("gz-1"))
    for body in (b"no gzip", good[:-9], b"", good + b"junk"):
        is_problem(served.post(body, KITCHEN, Content_Encoding="gzip"), 400)


def test_gzip_in_several_members_is_one_body(served: Running) -> None:
    body = gzip.compress(temperature("gz-2") + b"\n") + gzip.compress(temperature("gz-3"))
    answer = served.post(body, KITCHEN, Content_Encoding="gzip")
    assert answer.json()["accepted"] == 2


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer x.y.z",
        f"Basic {token(KITCHEN)}",
        f"Bearer {token(KITCHEN)}x",
        f"Bearer {token(KITCHEN, 'wall')}",
        f"Bearer {token(KITCHEN, exp=1_000)}",
    ],
)
def test_401_without_a_good_device_token(served: Running, authorization: str) -> None:
    answer = served.post(temperature("auth-1"), KITCHEN, Authorization=authorization)
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert token(KITCHEN) not in answer.text


def test_403_when_no_event_is_of_the_tokens_unit(served: Running) -> None:
    is_problem(served.post(temperature("other-1"), SECOND_KITCHEN), 403)
    assert not letters(served, "other-1")


def test_an_event_of_another_region_is_refused(served: Running) -> None:
    body = temperature("region-1", source=f"/32.11/sppg/{OTHER_KITCHEN}")
    answer = served.post(body, OTHER_KITCHEN)
    assert [one["code"] for one in answer.json()["rejected"]] == [Code.UNKNOWN_UNIT]


def test_413_beyond_the_limits(served: Running) -> None:
    is_problem(served.post(b" " * (MAX_BODY_BYTES + 1), KITCHEN), 413)
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 1)
    is_problem(served.post(bomb, KITCHEN, Content_Encoding="gzip"), 413)
    small = b"[" + b",".join([b"1"] * (MAX_EVENTS + 1)) + b"]"
    is_problem(served.post(small, KITCHEN, Content_Type=BATCH), 413)
    is_problem(served.post(b"1\n" * (MAX_EVENTS + 1), KITCHEN), 413)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": ""},
        {"Content_Type": "application/json"},
        {"Content_Type": f"{SINGLE}; charset=latin-1"},
        {"Content_Encoding": "br"},
    ],
)
def test_415_for_other_media(served: Running, headers: dict[str, str]) -> None:
    is_problem(served.post(temperature("media-1"), KITCHEN, **headers), 415)


def test_404_and_405_are_problems(served: Running) -> None:
    is_problem(httpx.get(f"{served.url}/nothing"), 404)
    is_problem(httpx.get(f"{served.url}/v1/events"), 405)


def test_health_metrics_and_openapi(served: Running) -> None:
    assert httpx.get(f"{served.url}/healthz").status_code == 200
    assert "pantau_ingest_requests_total" in httpx.get(f"{served.url}/metrics").text
    document = httpx.get(f"{served.url}/openapi.json").json()
    answers = document["paths"]["/v1/events"]["post"]["responses"]
    assert set(answers) == {"202", "400", "401", "403", "413", "415", "422", "429", "503"}
    code = document["components"]["schemas"]["Result"]["properties"]["rejected"]["items"]
    assert Code.TOO_OLD in code["properties"]["code"]["enum"]


def test_each_example_of_the_document_is_accepted(served: Running) -> None:
    document = httpx.get(f"{served.url}/openapi.json").json()
    content = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    examples = content[SINGLE]["examples"]
    assert set(examples) == set(TYPES)
    for example in examples.values():
        body = example["value"]
        answer = served.post(
            json.dumps(body).encode(), body["source"].split("/")[-1], Content_Type=SINGLE
        )
        assert answer.status_code == 202, answer.text


def test_a_registry_change_counts_when_it_is_signed(served: Running) -> None:
    newcomer = "SPPG-3211-0099"
    units = (*SMALL.units, unit(newcomer))
    changed = RegionRegistry(SMALL.region, units, SMALL.recipients)
    body = temperature("new-1", source=f"/32.11/sppg/{newcomer}")
    publish(served.broker, changed, key=b"x" * 32)
    time.sleep(1)
    assert served.post(body, newcomer).status_code == 422
    publish(served.broker, changed)
    deadline = time.monotonic() + 60
    while served.post(body, newcomer).status_code != 202:
        assert time.monotonic() < deadline
        time.sleep(0.1)

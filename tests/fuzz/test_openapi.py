"""Schemathesis over the OpenAPI of every service: whatever it sends, no answer is a fault of ours."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok

from chassis.health import Health, serve
from tests.dashboard_ws.conftest import token
from tests.examples import KITCHEN
from tests.fuzz.conftest import Report, Served
from tests.producers.installation import bearer

pytestmark = pytest.mark.real

_GROWTH_BYTES: Final = 60_000_000
_EXAMPLES: Final = 20
"""Between two looks at the clock."""
_TIMEOUT_S: Final = 5.0
_HEALTH: Final = {"/healthz", "/readyz", "/metrics"}


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: object, value: Any) -> bytes:
    return str(value).encode(errors="replace")


def _is_fine(answer: Any) -> bool:
    """Below 500, or a 503 that says when to come back."""
    status: int = answer.status_code
    return status < 500 or (status == 503 and "retry-after" in answer.headers)


def _hammer(
    operation: APIOperation[Any, Any, Any, Any], url: str, headers: dict[str, str], seconds: float
) -> Counter[int]:
    seen: Counter[int] = Counter()

    @given(st.data())
    @settings(
        max_examples=_EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attack(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(GenerationMode))
        case: Case[Any] = data.draw(operation.as_strategy(mode))
        given_headers = headers if data.draw(st.booleans()) else {}
        answer = case.call(base_url=url, headers=given_headers, timeout=_TIMEOUT_S)
        seen[answer.status_code] += 1
        assert _is_fine(answer), f"{case.as_curl_command()}\n{answer.text}"

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        attack()
    return seen


def _operations(url: str) -> list[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    # A stream has no end: with a good token it would be read until the time-out.
    return [one for one in found if one.path != "/sse"]


@pytest.mark.parametrize("name", ["ingest", "gateway"])
def test_no_request_that_a_schema_can_name_is_a_fault(
    services: dict[str, Served], name: str, fuzz_seconds: float, report: Report
) -> None:
    one = services[name]
    headers = bearer(KITCHEN) if name == "ingest" else {"Authorization": f"Bearer {token()}"}
    operations = _operations(one.url)
    seen: Counter[int] = Counter()
    before = 0
    for operation in operations:
        share = 0.02 if operation.path in _HEALTH else 0.94 / (len(operations) - len(_HEALTH))
        seen += _hammer(operation, one.url, headers, fuzz_seconds * share)
        before = before or one.resident_bytes()
    growth = one.resident_bytes() - before
    report(f"{name}: {seen.total()} requests, answers {dict(seen)}, memory {growth / 1e6:+.1f} MB")
    assert growth < _GROWTH_BYTES
    assert httpx.get(f"{one.url}/readyz").status_code == 200


def test_nor_of_a_service_that_is_only_asked_for_its_health(
    tmp_path: Path, fuzz_seconds: float
) -> None:
    health = Health("streams")
    health.ready()
    with serve(health, "127.0.0.1", 0, tmp_path) as port:
        url = f"http://127.0.0.1:{port}"
        operations = _operations(url)
        assert {one.path for one in operations} == _HEALTH
        for operation in operations:
            assert _hammer(operation, url, {}, fuzz_seconds / 10).total()

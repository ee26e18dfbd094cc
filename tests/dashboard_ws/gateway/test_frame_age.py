"""A gateway whose stream stands still says so when it is asked, though nothing reaches it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.testclient import TestClient

from chassis.health import Health
from dashboard_ws.gateway.stream.frame_age import FrameAge


def test_readiness_and_age_follow_the_clock_without_a_frame() -> None:
    now = 1_000_000
    age = FrameAge(lambda: now)
    health = Health("gateway")
    health.check(age.trouble)
    app = FastAPI()
    health.add_to(app)
    client = TestClient(app)
    assert client.get("/readyz").json() == {
        "service": "gateway",
        "ready": False,
        "detail": "starting",
    }
    health.ready()
    assert client.get("/readyz").status_code == 200, "a new installation has no frame yet"
    age.note("32.11", now)
    age.note("32.12", now)
    now += 180_000
    age.note("32.12", now)
    assert age.seconds() == 180
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "no frame on topic live for 180 s: do the streams run?"
    assert not health.is_ready
    age.note("32.11", now)
    assert age.seconds() == 0
    assert client.get("/readyz").status_code == 200

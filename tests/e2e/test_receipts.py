"""A receipt never says more than is so: each time one says "in ClickHouse" the rows are looked for there, while parts are killed."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from contracts.time.windows import PANE_MS, pane_of
from tests.e2e.day import FOLDER, Day, now
from tests.e2e.installation import REGION, Event, Installation, until

_LEVELS: Final = ("unit", "kecamatan", "kabupaten")


class Answered(NamedTuple):
    """An event, the receipt of its answer, and its time, epoch ms."""

    event: Event
    receipt: str
    time_ms: int


class Following:
    """Posts an event now and then, and asks about each until it is in ClickHouse. A failure is raised at the end."""

    def __init__(self, installation: Installation, unit: str) -> None:
        self._installation = installation
        self.unit = unit
        self.answered: list[Answered] = []
        self.open: list[Answered] = []
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(180)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set() or self.open:
                if not self._stop.is_set():
                    self._post()
                for one in tuple(self.open):
                    state = self._ask(one)
                    if state is not None and state["clickhouse"]:
                        self._check(one, state)
                        self.open.remove(one)
        except BaseException as failure:  # noqa: BLE001 - raised by the test's own thread
            self._failure = failure

    def _post(self) -> None:
        at = now().replace(microsecond=0)
        event = {
            "specversion": "1.0",
            "id": f"receipt-{self.unit}-{len(self.answered)}",
            "source": f"/{REGION}/sppg/{self.unit}",
            "type": "sppg.temperature.measured",
            "time": at.isoformat(),
            "data": {"point": "chiller", "temp_c": 4},
        }
        receipt = self._installation.post(self.unit, [event])
        self.answered.append(Answered(event, receipt, int(at.timestamp() * 1000)))
        self.open.append(self.answered[-1])

    def _ask(self, one: Answered) -> dict[str, Any] | None:
        try:
            answer = self._installation.receipt(self.unit, one.receipt)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            return None
        state: dict[str, Any] = answer.json()
        assert answer.status_code == 200 and state["stored"], answer.text
        return state

    def _check(self, one: Answered, state: dict[str, Any]) -> None:
        """What it said must be so at once, or as soon as a ClickHouse that was killed answers again."""
        assert state["windows"], "what ClickHouse has of the windows came from them"
        until(lambda: self._answers(one), 120)

    def _answers(self, one: Answered) -> bool:
        """Whether ClickHouse answers; fails if it does and lacks a row. Earlier posts lie before this one."""
        end_ms = (pane_of(one.time_ms) + 1) * PANE_MS
        least = sum(
            end_ms - 3 * PANE_MS <= other.time_ms < end_ms
            for other in self.answered[: self.answered.index(one) + 1]
        )
        end = datetime.fromtimestamp(end_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        areas = (self.unit, FOLDER.units[self.unit]["kecamatan"], REGION)
        try:
            [shown] = self._installation.query(
                f"SELECT count() AS n FROM pantau.events WHERE id = '{one.event['id']}'"
            )
            rows = self._installation.query(
                "SELECT level, area_id, events FROM pantau.performance "
                f"WHERE window = '15m' AND window_end = '{end}'"
            )
        except (ClickHouseError, OSError):
            return False
        assert shown["n"] == 1, f"{one.event['id']} is said to be in ClickHouse and is not"
        found = {(row["level"], row["area_id"]): row["events"] for row in rows}
        for place in zip(_LEVELS, areas, strict=True):
            assert found.get(place, 0) >= least, (one.event["id"], place, found.get(place), least)
        return True


def test_no_receipt_says_in_clickhouse_before_it_is(installation: Installation, day: Day) -> None:
    with Following(installation, day.kitchens[1]) as following:
        for part in ("streams", "sinks", "clickhouse", "ingest"):
            pid = installation.pid_of(part)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            sent = len(following.answered)
            until(lambda: len(following.answered) > sent + 3 or not following.is_alive, 120)  # noqa: B023
            wanted = following.answered[-1:]
            until(lambda: wanted[0] not in following.open or not following.is_alive, 180)  # noqa: B023
            assert following.is_alive, "an event was missing: see the error below"
    assert len(following.answered) > 12 and not following.open


def test_walls_count_while_they_show_it(installation: Installation, day: Day) -> None:
    unit = day.kitchens[2]
    following = Following(installation, unit)
    following._post()
    [one] = following.open

    def walls() -> int:
        state = following._ask(one)
        return -1 if state is None else int(state["walls"])

    until(lambda: walls() == 0, 60)
    url = f"{installation.gateway}/sse?region={REGION}&levels=kabupaten"
    with httpx.stream("GET", url, headers=installation.wall(), timeout=60) as first:
        until(lambda: walls() == 1, 60)
        with httpx.stream("GET", url, headers=installation.wall(), timeout=60):
            until(lambda: walls() == 2, 60)
        until(lambda: walls() == 1, 60)
        assert first.status_code == 200
    pid = installation.pid_of("gateway")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: walls() == 0, 60)
    until(lambda: installation.pid_of("gateway") not in (None, pid), 60)

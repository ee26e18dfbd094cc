"""Laws of the folds, over random histories of 36 days in two regions.

    history --any records, flushes, crashes--> Plant (the real folds)  -.
       '---------------------------------------> Model (plain loops) ---+-- the same rows, verdicts, statuses, live map

`make test`: some hundred small histories by hypothesis, and 60 of 500 events, on all cores. `make chaos` has 200 others.
`PANTAU_LAWS=heavy` tries more small ones and makes those that fail smaller; `PANTAU_LAWS_SEED` begins the long ones elsewhere.
"""

from __future__ import annotations

import gc
import json
import os
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contracts.events.lines import split
from tests.streams.law_histories import LawHistory, Maker, arrivals
from tests.streams.law_world import LENGTH_DAYS, LawWorld, world
from tests.streams.model import Model
from tests.streams.model_words import DAYS, MINUTE, PANE, AcceptedEvent, day_of, ms, utc
from tests.streams.plant import Place, Plant
from tests.streams.survey import zscores

HEAVY = os.environ.get("PANTAU_LAWS") == "heavy"
EXAMPLES = 150 if HEAVY else 20
law = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # Making a failing history smaller takes minutes: only where there is time for it.
    phases=[phase for phase in Phase if HEAVY or phase not in (Phase.shrink, Phase.explain)],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
chances = st.randoms(use_true_random=False)
lengths = st.sampled_from((1, 2, 2, 3, 3, 3, 5, LENGTH_DAYS))
"""Days of a history: every day has hundreds of rows that exist in silence, so most are short; times go 30 days back in all."""


# --- from a history to records in the logs ---------------------------------------------------------------------------


def plant_of(
    history: LawHistory, partitions: int, joined: Callable[[], bool], ticks: list[int]
) -> Plant:
    """A plant whose logs hold the history. `joined`: whether a line joins the record before it, if that came at the same time."""
    plant = Plant(partitions)
    about = history.world
    plant.registries(about.start_ms, about.first_registries())
    renewed = (about.change - 1) * 86_400_000 + 6 * 60 * MINUTE
    pending: dict[Place, tuple[int, list[bytes]]] = {}

    def write(place: Place) -> None:
        at, lines = pending.pop(place)
        plant.append(place, at, b"\n".join(lines))

    todo: list[tuple[int, int, Any]] = [(tick, 2, None) for tick in ticks if tick < history.end_ms]
    if renewed < history.end_ms:
        todo.append((renewed, 0, None))
    todo += [(line[0], 1, line) for line in history.partitioned(partitions)]
    for at, kind, line in sorted(todo, key=lambda one: one[:2]):
        if kind == 1:
            place = (line[1], line[2])
            if place in pending and not (pending[place][0] == at and joined()):
                write(place)
            pending.setdefault(place, (at, []))[1].append(line[3])
            continue
        for place in list(pending):
            write(place)
        if kind == 0:
            plant.registries(renewed, about.registries())
        else:
            plant.tick(at)
    for place in list(pending):
        write(place)
    plant.tick(history.end_ms)
    return plant


def begin(plant: Plant, chance: Random | None = None) -> None:
    """The registry is read and flushed everywhere, as an installation does when it first starts.

    With `chance` the region agent goes along, and may crash before all unit agents have spoken.
    """
    for place in plant.places:
        plant.step(place, 2)
        plant.flush(place)
        if chance and chance.random() < 0.5:
            plant.step_region()
            plant.flush_region()
            if chance.random() < 0.5:
                plant.crash_region()
    plant.step_region()
    plant.flush_region()


def model_of(history: LawHistory, plant: Plant) -> Model:
    model = Model(history.world.registries(), plant.partitions, history.world.start_ms, zscores())
    records = [
        (*place, record.offset, record.time_ms, record.value)
        for place, log in plant.logs.items()
        for record in log.records
        if not record.control
    ]
    model.take(arrivals(records))
    return model


# --- what must be so at the end --------------------------------------------------------------------------------------


def differences(found: dict[Any, Any], wanted: dict[Any, Any]) -> dict[Any, Any]:
    return {
        key: (found.get(key), wanted.get(key))
        for key in found.keys() | wanted.keys()
        if found.get(key) != wanted.get(key)
    }


def check(history: LawHistory, plant: Plant) -> None:
    model = model_of(history, plant)
    rows = model.rows(history.end_ms)
    wrong = differences(plant.rows, rows)
    assert not wrong, f"{len(wrong)} rows (found, wanted): {dict(list(wrong.items())[:4])}"
    check_verdicts(plant, model)
    check_live(history, plant, model, rows)


def check_verdicts(plant: Plant, model: Model) -> None:
    found = plant.exceptions()
    assert found.keys() == model.exceptions.keys()
    for place, (verdict, code) in found.items():
        assert verdict == model.exceptions[place][0], place
        assert code in model.exceptions[place][1], place
    letters = set()
    for row in plant.tables["dead_letters"]:
        value = plant.logs[row["topic"], row["partition"]].records[row["offset"]].value
        assert b64decode(row["bytes"]) == split(value)[row["line"]], row
        if row["code"] == "wrong_correction":
            letters.add(json.loads(split(value)[row["line"]])["id"])
    assert letters == model.wrong
    statuses = plant.statuses()
    seen: dict[tuple[str, str], list[AcceptedEvent]] = {}
    for one in model.accepted:
        seen.setdefault((one.body["source"], one.id), []).append(one)
    for identity, events in seen.items():
        if len(events) == 1 and events[0].type != "event.retracted":
            status = statuses.get(identity, {"counts": 1, "retracted": 0, "superseded_by": ""})
            assert status["counts"] == model.counts(events[0]), (identity, status)
            if status["counts"]:
                assert (status["retracted"], status["superseded_by"]) == (0, "")
            elif status["superseded_by"]:
                instead = seen[identity[0], status["superseded_by"]]
                assert any(model.counts(other) for other in instead), identity


def check_live(history: LawHistory, plant: Plant, model: Model, rows: dict[Any, Any]) -> None:
    """The map holds the newest begun windows and nothing else, under the contract's keys."""
    now = history.end_ms
    wanted = {}
    for (view, level, area, group, window, window_end), row in rows.items():
        if window_end <= utc(now):
            continue
        end = ms(window_end)
        zone = model.zones[row["region"]]
        newest = (
            day_of(zone, end - 1) == day_of(zone, now)
            if window in DAYS
            else end == (now // PANE + 1) * PANE
        )
        if newest:
            key = "/".join((view, level, area, *([group] if group else []), window))
            wanted[f"{row['region']}|{key}"] = row | {"topic": view, "key": key, "is_final": 0}
    found = {}
    for name, row in plant.live.items():
        row = dict(row)
        ttl_s = row.pop("ttl_s")
        if row["topic"] == "alerts":
            assert ttl_s == 1_800
            continue
        assert ttl_s == (21_600 if row["level"] == "recipient" else 1_800)
        assert now - ttl_s * 1000 <= ms(row.pop("as_of")) <= now - 2 * MINUTE
        if row["topic"] != "freshness":
            place = (row["level"], row["area_id"], row.get("group", ""), row["window"])
            version = plant.revisions[row["topic"], *place, row["window_end"]]
            assert row.pop("revision") == version, "the tables have another version of it"
            row.pop("updated_at")
            found[name] = row
    wrong = differences(found, wanted)
    assert not wrong, f"{len(wrong)} live rows: {dict(list(wrong.items())[:4])}"


def heard(plant: Plant) -> dict[str, int]:
    return {
        row["area_id"]: ms(row["last_received"])
        for row in plant.live.values()
        if row["topic"] == "freshness"
    }


# --- laws ------------------------------------------------------------------------------------------------------------


def make(chance: Random, events: int, number: int, days: int) -> LawHistory:
    return Maker(chance, world(number, days), events, days).make()


def some_ticks(chance: Random, about: LawWorld, count: int) -> list[int]:
    span = about.length * 86_400_000
    return sorted(about.start_ms + chance.randrange(MINUTE, span) for _ in range(count))


def run_wildly(chance: Random, plant: Plant, crashes: bool) -> None:
    """Steps, flushes and crashes in any order until all is applied, then everything is flushed."""
    begin(plant, chance if crashes else None)
    while any(log.applied < len(log.records) for log in plant.logs.values()):
        place = chance.choice(plant.places)
        plant.step(place, chance.choice((1, 2, 5, 20)))
        draw = chance.random()
        if draw < 0.5:
            plant.flush(place, chance.random() < 0.4)
        if 0.3 < draw < 0.6 and crashes:
            plant.crash(place)
        draw = chance.random()
        if draw < 0.5:
            plant.step_region(chance.choice((1, 3, 100)))
        if draw < 0.3:
            plant.flush_region(chance.random() < 0.4)
        elif draw < 0.36 and crashes:
            plant.crash_region()
    plant.finish()


@law
@given(chances, st.integers(1, 60), st.integers(0, 1), lengths)
def test_any_history_gives_the_rows_of_the_model(
    chance: Random, events: int, number: int, days: int
) -> None:
    history = make(chance, events, number, days)
    plant = plant_of(history, 1, lambda: False, [])
    begin(plant)
    plant.finish()
    check(history, plant)


@law
@given(chances, st.integers(1, 60), st.integers(0, 1), lengths)
def test_flushes_crashes_ticks_and_partitions_change_nothing(
    chance: Random, events: int, number: int, days: int
) -> None:
    history = make(chance, events, number, days)
    ticks = some_ticks(chance, history.world, chance.randrange(12))
    plant = plant_of(history, chance.choice((1, 2, 3)), lambda: chance.random() < 0.5, ticks)
    run_wildly(chance, plant, crashes=True)
    check(history, plant)


@law
@given(chances, st.integers(2, 40), st.integers(0, 1), lengths)
def test_order_of_arrival_within_one_moment_changes_nothing(
    chance: Random, events: int, number: int, days: int
) -> None:
    """Everything is reported in one burst; only copies of one event keep their order, as the lowest position decides."""
    history = make(chance, events, number, days)
    at = history.end_ms
    history.lines = [(at, *line[1:]) for line in history.lines]
    plants = []
    for _ in range(2):
        plant = plant_of(history, 1, lambda: chance.random() < 0.8, [])
        run_wildly(chance, plant, crashes=False)
        check(history, plant)
        plants.append(plant)
        history.lines = shuffled(chance, history.lines)
    assert plants[0].rows == plants[1].rows
    counts = [{key: row["counts"] for key, row in plant.statuses().items()} for plant in plants]
    assert all(counts[0].get(key, 1) == counts[1].get(key, 1) for key in counts[0] | counts[1])


def shuffled(chance: Random, lines: list[Any]) -> list[Any]:
    """Any order in which lines of one unit and id stay in theirs."""
    mixed = list(lines)
    chance.shuffle(mixed)
    queues: dict[Any, list[Any]] = {}
    for line in lines:
        queues.setdefault(_identity(line), []).append(line)
    return [queues[_identity(line)].pop(0) for line in mixed]


def _identity(line: Any) -> Any:
    try:
        body = json.loads(line[3])
        return (body["source"], body["id"])
    except (ValueError, TypeError, KeyError):
        return line[3]


@law
@given(chances, st.integers(1, 40), st.integers(0, 1), lengths)
def test_a_restored_fold_says_nothing_new(
    chance: Random, events: int, number: int, days: int
) -> None:
    """After a crash right behind a flush nothing is sent again, and the live map is what it was."""
    history = make(chance, events, number, days)
    plant = plant_of(history, 2, lambda: chance.random() < 0.5, [])
    begin(plant)
    plant.finish()
    rows, live, seq = dict(plant.revisions), dict(plant.live_raw), plant.heads[-1]["seq"]
    for place in plant.places:
        plant.crash(place)
        assert plant.logs[place].applied == len(plant.logs[place].records)
        plant.flush(place)
    plant.crash_region()
    plant.flush_region()
    plant.step_region()
    plant.flush_region()
    assert plant.revisions == rows
    assert plant.live_raw == live
    assert plant.heads[-1]["seq"] == seq


@law
@given(chances, st.integers(1, 60), lengths)
def test_freshness_is_at_most_a_minute_behind(chance: Random, events: int, days: int) -> None:
    history = make(chance, events, 0, days)
    plant = plant_of(history, 1, lambda: False, [])
    run_wildly(chance, plant, crashes=True)
    model = model_of(history, plant)
    latest: dict[str, int] = {}
    for one in model.accepted:
        if one.kind != "recipient":
            latest[one.unit] = max(latest.get(one.unit, 0), one.received)
    shown = heard(plant)
    assert latest.keys() <= shown.keys()
    assert all(shown[unit] > at - MINUTE for unit, at in latest.items())


def heavy(seed: int) -> str:
    """One history of 500 events over 36 days; empty, or what is wrong. For a process of its own."""
    # The collector would walk through all rows of the history again and again, an eighth of the time: once, before the next, is enough.
    gc.disable()
    gc.collect()
    chance = Random(seed)
    history = make(chance, 500, seed, LENGTH_DAYS)
    ticks = some_ticks(chance, history.world, 20)
    plant = plant_of(history, chance.choice((1, 2, 3)), lambda: chance.random() < 0.5, ticks)
    run_wildly(chance, plant, crashes=True)
    try:
        check(history, plant)
    except AssertionError as wrong:
        return f"seed {seed}: {str(wrong)[:2000]}"
    return ""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("first", "count"),
    [
        pytest.param(0, 60, marks=(pytest.mark.slow, pytest.mark.long)),
        pytest.param(1_000, 200, marks=pytest.mark.chaos),
    ],
)
def test_long_histories(first: int, count: int) -> None:
    first += int(os.environ.get("PANTAU_LAWS_SEED", "0"))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        wrong = [one for one in pool.map(heavy, range(first, first + count)) if one]
    assert not wrong, "\n".join(wrong[:3])

"""How the days are played: what is sent when, the truth beside it, scenarios, and the command's refusals."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from chassis.datadir import DataDir
from chassis.operator_error import OperatorError
from contracts.events.event_types import CaseReported, DeliveryReceived, IncidentReported, MealEaten
from contracts.registry.entities import day_to_iso
from contracts.time.clock import RealClock
from contracts.time.instant import epoch_ms
from pantau import installation
from pantau.cli import build
from pantau.installation import InstallationStamp
from producers.simulator.events import truth
from producers.simulator.events.event_lines import HEARTBEAT, ROUTINE, DeviceEvent
from producers.simulator.events.truth import totals
from producers.simulator.events.truth_writer import Truth
from producers.simulator.plan.scenario import Agenda, appointment, outage_of, outbreak
from producers.simulator.sending.device_tokens import DeviceTokens, SimulatorError
from producers.simulator.sending.devices import STALE_MS, Post
from producers.simulator.sending.due_posts import MAX_LINES, DuePosts
from producers.simulator.sending.play import AlreadyPlayingError, alone
from producers.simulator.sending.to_file import write
from producers.simulator.world import HOUR_MS
from tests.producers.simulator.simulated import (
    SUNDAY,
    TUESDAY,
    assert_accepted,
    event,
    whole_day,
    world,
)

DAY = "2026-11-24"


def said(id_: str, made_ms: int = 0, rank: int = ROUTINE) -> DeviceEvent:
    return DeviceEvent(made_ms, rank, id_, b"{}")


def fold(arrived: list[tuple[int, DeviceEvent]], up_to_ms: int) -> dict[str, int]:
    """Day totals over what had arrived, folded here once more and otherwise: by the raw JSON."""
    events = {}
    for at, one in arrived:
        if at <= up_to_ms:
            line = msgspec.json.decode(one.line)
            events[line["source"], line["id"]] = line
    gone = {(line["source"], line.get("supersedes")) for line in events.values()}
    sums = dict.fromkeys(truth.FIGURES, 0)
    for key, line in events.items():
        data = line["data"]
        if key not in gone:
            match line["type"]:
                case "sppg.cooking.finished":
                    sums["portions_cooked"] += data["portions"]
                case "sppg.dispatch.departed":
                    sums["portions_dispatched"] += data["portions"]
                case "sppg.delivery.received":
                    sums["portions_received"] += data["portions"]
                case "sppg.meal.eaten":
                    sums["portions_eaten"] += sum(data["eaten"].values())
    return sums


def test_truth_knows_what_had_arrived_at_any_moment(tmp_path: Path) -> None:
    days = dict(sorted(whole_day().items())[::12])
    posts = sorted((p for made in days.values() for p in made.posts), key=lambda p: p.due_ms)
    arrived: list[tuple[int, DeviceEvent]] = []
    with Truth(DataDir(tmp_path)) as writer:
        for unit_id, made in days.items():
            writer.note(unit_id, made.events)
        for post in posts:
            writer.acknowledge(post.unit_id, post.events, post.due_ms, post.due_ms + 900)
            arrived += [(post.due_ms + 900, one) for one in post.events]
    path = tmp_path / "truth" / f"{DAY}.jsonl"
    midnight = world().midnight_ms(TUESDAY)
    for hour in (0, 5, 9, 12, 40, 100):
        found = totals(path, midnight + hour * HOUR_MS)
        expected = fold(arrived, midnight + hour * HOUR_MS)
        assert found["regions"].get("32.11", dict.fromkeys(truth.FIGURES, 0)) == expected
        for figure in truth.FIGURES:
            assert expected[figure] == sum(one[figure] for one in found["kitchens"].values())
    assert totals(path) == totals(path, midnight + 1000 * HOUR_MS)
    assert totals(path)["regions"]["32.11"]["portions_eaten"] > 0


def test_what_is_under_way_is_told_apart(tmp_path: Path) -> None:
    made = next(
        made for made in whole_day().values() if any(b"cooking" in s.line for s in made.events)
    )
    cooked = next(one for one in made.events if b"cooking" in one.line)
    with Truth(DataDir(tmp_path)) as writer:
        writer.note("SPPG-3211-0001", [cooked])
        unit = event(cooked).origin.unit_id
        writer.acknowledge(unit, [cooked], 1_000, 2_000)
    path = tmp_path / "truth" / f"{DAY}.jsonl"
    assert [totals(path, at)["uncertain"] for at in (999, 1_000, 1_999, 2_000)] == [0, 1, 1, 0]
    assert totals(path, 1_999)["kitchens"] == {} != totals(path, 2_000)["kitchens"]


def test_truth_survives_a_kill_and_a_restart(tmp_path: Path) -> None:
    unit_id = "SPPG-3211-0001"
    made = whole_day()[unit_id]
    home = DataDir(tmp_path)
    facts = [one for one in made.events if one.rank != HEARTBEAT]
    with Truth(home) as writer:
        writer.note(unit_id, made.events)
        writer.acknowledge(unit_id, facts[:3], 1, 2)
        path = writer.path(DAY)
    with path.open("ab") as torn:
        torn.write(b'{"unit":"SPPG-3211-00')
    before = totals(path)
    with Truth(home) as again:
        assert [again.has_arrived(unit_id, one) for one in facts[:4]] == [True] * 3 + [False]
        again.note(unit_id, made.events)
        again.acknowledge(unit_id, facts[:4], 5, 6)
    record = truth.read(path)
    assert totals(path) == before and len(record.events) == len(facts)
    assert record.arrived[unit_id, facts[0].id] == (1, 2), "the first time counts"
    assert record.arrived[unit_id, facts[3].id] == (5, 6)
    assert path.read_bytes().count(b'{"specversion"') == len(facts)


def test_posts_of_a_unit_that_is_cut_off_wait_until_it_is_back() -> None:
    schedule = DuePosts()
    schedule.cut_off("A", 100, 200)
    schedule.add([Post(150, "A", (said("a"),)), Post(150, "B", (said("b"),))])
    assert schedule.due(160) == ["B"] and schedule.next_ms() == 200
    assert [one.id for one in schedule.take("B", 160)] == ["b"] and schedule.due(199) == []
    assert schedule.due(200) == ["A"] and [one.id for one in schedule.take("A", 200)] == ["a"]
    assert len(schedule) == 0


def test_what_gathered_goes_in_requests_of_bounded_size_without_stale_heartbeats() -> None:
    schedule = DuePosts()
    schedule.add([Post(at, "A", tuple(said(f"{at}-{n}") for n in range(400))) for at in range(6)])
    schedule.add([Post(9, "A", (said("old", 0, HEARTBEAT), said("0-0")))])
    now = STALE_MS + 1
    assert schedule.due(now) == ["A"]
    sizes, ids = [], []
    while taken := schedule.take("A", now):
        sizes.append(len(taken))
        ids += [one.id for one in taken]
    assert max(sizes) <= MAX_LINES and ids[0] == "0-0"
    assert "old" not in ids and len(set(ids)) == 6 * 400


def test_a_request_of_stale_heartbeats_alone_does_not_hide_what_waits_behind() -> None:
    schedule = DuePosts()
    schedule.add([Post(1, "A", (said("old", 0, HEARTBEAT),)), Post(2, "A", (said("fact"),))])
    schedule.due(STALE_MS + 5)
    assert [one.id for one in schedule.take("A", STALE_MS + 5)] == ["fact"]


def test_an_outbreak_adds_cases_that_point_to_one_kitchen() -> None:
    one = world()
    agreed = appointment("outbreak", one, one.midnight_ms(TUESDAY) + 5 * HOUR_MS)
    assert agreed.day == TUESDAY
    posts = outbreak(one, agreed)
    assert posts == outbreak(world(), agreed)
    assert_accepted(one, posts)
    events = [event(item) for post in posts for item in post.events]
    cases = [item for item in events if isinstance(item, CaseReported)]
    complaint = next(item for item in events if isinstance(item, IncidentReported))
    linked = [item for item in cases if item.subject]
    view = one.view(TUESDAY)
    kitchens = {view.recipients[item.subject].unit_id for item in linked if item.subject}
    assert kitchens == {complaint.origin.unit_id}
    assert len(cases) > 20 and len({item.origin.unit_id for item in cases}) > 1
    ate = {
        item.subject: item.time_ms
        for said_ in whole_day()[complaint.origin.unit_id].events
        if isinstance(item := event(said_), MealEaten)
    }
    for item in linked:
        assert isinstance(item.data.ate_at, str)
        meal, onset = epoch_ms(item.data.ate_at), epoch_ms(item.data.onset)
        assert meal == ate[item.subject or ""] and 0.5 <= (onset - meal) / HOUR_MS <= 72
        assert onset < item.time_ms
    taken = {(p.unit_id, s.id) for m in whole_day().values() for p in m.posts for s in p.events}
    assert taken.isdisjoint((post.unit_id, item.id) for post in posts for item in post.events)


def test_a_scenario_comes_when_it_still_can_and_is_kept(tmp_path: Path) -> None:
    one = world()
    saturday_night = one.midnight_ms(SUNDAY) - HOUR_MS
    agenda = Agenda(DataDir(tmp_path))
    assert not agenda.changed(), "nothing is arranged yet"
    first = agenda.make("outbreak", one, saturday_night)
    assert day_to_iso(first.day) == "2026-11-23", "the next day of service"
    assert agenda.make("outbreak", world(9), saturday_night) == first, "it is still to come"
    assert agenda.changed() and agenda.read() == [first]
    outage = agenda.make("outage", one, saturday_night)
    assert agenda.read() == [first, outage] and outage.start_ms > saturday_night


def test_an_outage_cuts_a_share_of_the_units_off_for_hours() -> None:
    one = world()
    agreed = appointment("outage", one, one.midnight_ms(TUESDAY) + 9 * HOUR_MS)
    units = one.active_units(TUESDAY)
    cuts = [cut for unit in units if (cut := outage_of(one, agreed, unit.unit_id))]
    assert 0.15 < len(cuts) / len(units) < 0.55
    assert all(2 * HOUR_MS <= end - start <= 4.3 * HOUR_MS for start, end in cuts)
    assert len({end for _, end in cuts}) > 1, "they do not all come back at once"


def test_the_file_holds_every_event_stamped_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    written = write(path, world(), TUESDAY, 1)
    received: list[int] = []
    portions = 0
    for line in path.read_bytes().splitlines():
        read = event(DeviceEvent(0, 0, "", line))
        assert read.received_ms is not None
        # Some recipients' phones have a clock that is ahead.
        assert read.time_ms <= read.received_ms or read.origin.kind == "recipient"
        received.append(read.received_ms)
        portions += read.data.portions if isinstance(read, DeliveryReceived) else 0
    assert received == sorted(received) and portions > 300_000
    assert written == (len(received), received[0], received[-1])


def test_one_simulator_a_data_dir(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    with alone(home), pytest.raises(AlreadyPlayingError, match="already"), alone(home):
        pass
    with alone(home):
        pass


def test_without_tokens_it_says_what_to_do(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    with pytest.raises(SimulatorError, match="--dev-tokens"):
        DeviceTokens(home)
    home.tokens_file.write_text('{"devices": {"SPPG-3211-0001": "t"}, "wall": "w"}')
    tokens = DeviceTokens(home)
    assert tokens.of("SPPG-3211-0001") == "t" and tokens.has("SPPG-3211-0001")
    assert not tokens.has("npsn:1") and tokens.of("npsn:1") == "" and tokens.missing == {"npsn:1"}
    home.tokens_file.write_text('{"devices": {"npsn:1": "t"}, "wall": "w"}')
    tokens.read()
    assert not tokens.missing and tokens.has("npsn:1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """A data dir on which an installation for simulated events seems to run, on the real clock."""
    monkeypatch.setenv("PANTAU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PANTAU_CLOCK", "real")
    made = DataDir(tmp_path)
    installation.stamp(made, InstallationStamp("simulated", "real"))
    made.write_run("ingest", {"pid": 1, "health": "http://127.0.0.1:1", "port": 1})
    return made


def simulate(*options: str) -> str:
    """Run the command; gives why it refused, or what it said on stderr."""
    result = CliRunner().invoke(build(), ["simulate", *options])
    if isinstance(result.exception, OperatorError):
        return str(result.exception)
    assert result.exit_code == 0 and result.stdout == "", result.output
    return result.stderr


def test_the_command_refuses_what_cannot_be(home: DataDir) -> None:
    assert "not served here" in simulate("--region", "32.08")
    assert "--dev-tokens" in simulate()
    home.stamp_file.unlink()
    assert "no installation runs" in simulate()
    installation.stamp(home, InstallationStamp("real", "real"))
    assert "holds real events" in simulate()


def test_the_command_hands_a_scenario_to_the_simulator_that_plays(home: DataDir) -> None:
    home.tokens_file.write_text('{"devices": {}}')
    with alone(home):
        assert "already" in simulate("--seed", str(random.Random(1).randint(0, 9)))
        assert "outbreak" in simulate("--scenario", "outbreak")
    (agreed,) = Agenda(home).read()
    today = world().zone.local_day(RealClock().now_ms())
    assert agreed.kind == "outbreak" and agreed.day >= today

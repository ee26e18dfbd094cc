"""The pure parts of the command: plan, environment, demo clock, restarts, tokens, ready line."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clocks import append_segment, read_segments
from chassis.datadir import DataDir, write_file
from chassis.operator_error import OperatorError
from chassis.settings import Settings
from contracts.registry.entities import Kecamatan, Region, RegionRegistry, Registry
from contracts.time.clock import DEMO_FACTOR, Segment, rfc3339
from contracts.time.days import iso_to_day
from pantau import installation
from pantau.installation import InstallationStamp, child_env, plain, running_settings
from pantau.processes.child_log import MAX_BYTES, ChildLog, problem_in
from pantau.processes.restarts import LONGEST_DELAY_S, SETTLED_S, Restarts
from pantau.up import demo_clock, preflight
from pantau.up.plan import UpOptions, plan
from tests.registry_small import SMALL

REGION = Region(
    code="32.11",
    name="Sumedang",
    province="Jawa Barat",
    timezone="Asia/Jakarta",
    service_weekdays=(1, 2, 3, 4, 5, 6),
    holidays=(iso_to_day("2026-11-24"),),
    kecamatan=(Kecamatan("32.11.01", "Wado"),),
)
REGISTRY = Registry([RegionRegistry(REGION, (), ())])


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PANTAU_"):
            monkeypatch.delenv(name)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


# --- the plan -------------------------------------------------------------------------------------


def test_base_port_gives_four_ports() -> None:
    planned = plan(UpOptions(base_port=9000))
    assert planned.ports == {"ingest": 9000, "gateway": 9001, "clickhouse": 9002, "kafka": 9003}
    assert planned.settings.clickhouse_url == "http://127.0.0.1:9002"
    assert planned.settings.broker == "127.0.0.1:9003"


def test_a_given_broker_is_used_and_none_started() -> None:
    planned = plan(UpOptions(broker="kafka-1:9092"))
    assert not planned.own_broker
    assert planned.settings.broker == "kafka-1:9092"
    assert "kafka" not in planned.ports


@pytest.mark.parametrize(
    ("options", "clock", "mode", "tokens"),
    [
        (UpOptions(), "real", "real", False),
        (UpOptions(dev_tokens=True), "real", "real", True),
        (UpOptions(simulate=True), "demo", "simulated", True),
        (UpOptions(simulate=True, clock="real"), "real", "simulated", True),
        (UpOptions(clock="demo"), "demo", "simulated", False),
    ],
)
def test_what_the_simulator_implies(
    options: UpOptions, clock: str, mode: str, tokens: bool
) -> None:
    planned = plan(options)
    assert (planned.settings.clock, planned.stamp.mode) == (clock, mode)
    assert planned.dev_tokens is tokens


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANTAU_PARTITIONS", "many")
    with pytest.raises(OperatorError, match="PANTAU_PARTITIONS is wrong"):
        plan(UpOptions())


def test_parts_get_every_setting_and_no_secret_of_the_data_dir(tmp_path: Path) -> None:
    settings = plan(UpOptions(data_dir=tmp_path, regions=("32.11", "32.08"))).settings
    env = child_env(settings, {"PATH": "/bin", "PYTHONPATH": "/more"})
    assert env["PANTAU_REGIONS"] == "32.11,32.08"
    assert env["PANTAU_DATA_DIR"] == str(tmp_path.resolve())
    assert env["PATH"] == "/bin"
    assert env["PYTHONPATH"].endswith(f"{os.pathsep}/more")
    assert "PANTAU_SECRET_KEY" not in env
    assert "PANTAU_CLICKHOUSE_PASSWORD" not in env
    assert child_env(settings, {"PANTAU_SECRET_KEY": "ab"})["PANTAU_SECRET_KEY"] == "ab"


def test_a_part_reads_back_the_settings_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = plan(
        UpOptions(data_dir=tmp_path, regions=("32.11", "32.08"), simulate=True)
    ).settings
    for name, text in child_env(settings, {}).items():
        monkeypatch.setenv(name, text)
    assert plain(Settings()) == plain(settings)


def test_a_command_finds_the_running_installation(tmp_path: Path) -> None:
    planned = plan(UpOptions(data_dir=tmp_path, base_port=9100, clock="demo"))
    installation.stamp(planned.home, planned.stamp)
    assert running_settings(tmp_path).clock == "demo"
    facts = {"pid": 1, "settings": plain(planned.settings)}
    planned.home.write_run(installation.RUN, facts)
    found = running_settings(tmp_path)
    assert plain(found) == plain(planned.settings)
    assert running_settings(tmp_path, clickhouse_url="http://ch:1").clickhouse_url == "http://ch:1"


# --- the data dir ---------------------------------------------------------------------------------


def test_a_stamped_dir_refuses_the_other(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    installation.stamp(home, InstallationStamp("simulated", "demo"))
    installation.stamp(home, InstallationStamp("simulated", "demo"))
    with pytest.raises(OperatorError, match="holds simulated events on the demo clock"):
        installation.stamp(home, InstallationStamp("real", "real"))


def test_a_second_start_on_one_dir_is_refused_and_a_dead_one_is_not(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    holder = (
        "import sys, pathlib, time\n"
        "from chassis.datadir import DataDir\n"
        "from pantau.installation import locked\n"
        "with locked(DataDir(pathlib.Path(sys.argv[1]))):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", holder, str(tmp_path)]
    env = os.environ | {"PYTHONPATH": str(installation.ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(OperatorError, match=rf"another pantau runs .*pid {process.pid}"),
            installation.locked(home),
        ):
            pass
        process.kill()
    with installation.locked(home):
        assert (home.run / "lock").read_text() == f"{os.getpid()}\n"


def test_a_port_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_PORT_WAIT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=rf"port {port} \(gateway\) is in use.*--base-port"):
            preflight.ports("127.0.0.1", {"gateway": port})
    preflight.ports("127.0.0.1", {"gateway": port})


def test_a_data_dir_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot write to the data dir"):
        preflight.data_dir(tmp_path / "file" / "data")


def test_a_full_disk_is_refused_before_anything_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=150_000_000))
    with pytest.raises(OperatorError, match="only 150 MB free"):
        preflight.data_dir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=900_000_000))
    assert "900 MB" in (preflight.data_dir(tmp_path) or "")


# --- the demo clock -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "reached", "start"),
    [
        # New: the latest service day before today (a Sunday and the holiday of the 24th are none).
        ("2026-11-26T10:00+07:00", None, "2026-11-25T04:30+07:00"),
        ("2026-11-25T00:10+07:00", None, "2026-11-23T04:30+07:00"),
        ("2026-11-23T12:00+07:00", None, "2026-11-21T04:30+07:00"),
        # Ran before: the service day after the last one, whatever today is.
        ("2026-11-26T10:00+07:00", "2026-11-20T12:00+07:00", "2026-11-21T04:30+07:00"),
        ("2026-11-26T10:00+07:00", "2026-11-21T23:59+07:00", "2026-11-23T04:30+07:00"),
        ("2026-11-26T10:00+07:00", "2026-11-23T04:30+07:00", "2026-11-25T04:30+07:00"),
        # Stopped after midnight: that day has not begun to be served.
        ("2026-11-26T10:00+07:00", "2026-11-21T00:10+07:00", "2026-11-21T04:30+07:00"),
    ],
)
def test_demo_start(now: str, reached: str | None, start: str) -> None:
    found = demo_clock.demo_start_ms(
        REGISTRY, "32.11", ms(now), None if reached is None else ms(reached)
    )
    assert rfc3339(found) == rfc3339(ms(start))


@given(reached=st.integers(ms("2026-01-01T00:00+07:00"), ms("2027-01-01T00:00+07:00")))
def test_the_demo_clock_never_goes_back(reached: int) -> None:
    start = demo_clock.demo_start_ms(REGISTRY, "32.11", 0, reached)
    assert start > reached
    assert REGISTRY.is_service_day("32.11", REGISTRY.local_day("32.11", start))
    assert REGISTRY.minute_of_day("32.11", start) == 4 * 60 + 30


def test_the_demo_clock_begins_with_the_day_that_is_asked_for() -> None:
    small = Registry([SMALL])
    sunday = small.local_day("32.11", ms("2026-11-29T12:00+07:00"))

    def begins(reached: str | None, asked: int = sunday) -> str:
        at = None if reached is None else ms(reached)
        return rfc3339(demo_clock.demo_start_ms(small, "32.11", 0, at, asked))

    # Of service or not, in a new data dir or beyond what it has seen.
    assert begins(None) == begins("2026-11-25T10:00+07:00")
    assert begins(None) == rfc3339(ms("2026-11-29T04:30+07:00"))
    with pytest.raises(OperatorError, match="has come to 2026-11-29: give a later --day"):
        begins("2026-11-29T04:30+07:00")
    with pytest.raises(OperatorError, match="no recipient on 1969-12-31"):
        begins(None, -1)


def test_a_day_is_asked_for_of_the_demo_clock_alone() -> None:
    assert plan(UpOptions(simulate=True, day="1970-01-03")).demo_day == 2
    with pytest.raises(OperatorError, match="--day sets the demo clock"):
        plan(UpOptions(day="2026-12-25"))
    with pytest.raises(OperatorError, match="--day: 'besok' is no date: write YYYY-MM-DD"):
        plan(UpOptions(simulate=True, day="besok"))


def test_a_region_without_service_days_is_refused() -> None:
    idle = RegionRegistry(msgspec.structs.replace(REGION, service_weekdays=()), (), ())
    with pytest.raises(OperatorError, match="no service day"):
        demo_clock.demo_start_ms(Registry([idle]), "32.11", 0, None)


def test_each_start_adds_a_line_beyond_the_last(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    first = demo_clock.start(home, REGISTRY, "32.11")
    assert abs(first.now_ms() - read_segments(home)[0].demo_start_ms) < DEMO_FACTOR * 5000
    write_file(home.clock_reached_file, str(first.now_ms()).encode())
    demo_clock.start(home, REGISTRY, "32.11")
    lines = read_segments(home)
    assert len(lines) == 2
    assert lines[1].demo_start_ms > lines[0].demo_start_ms
    assert lines[1].factor == 72


def test_a_kill_between_two_notes_is_reckoned_with(tmp_path: Path) -> None:
    home = DataDir(tmp_path)
    assert demo_clock.reached_ms(home) is None
    append_segment(home, Segment(0, 1_000_000, 72))
    assert demo_clock.reached_ms(home) == 1_000_000
    write_file(home.clock_reached_file, b"2000000")
    assert demo_clock.reached_ms(home) == 2_000_000 + 10_000 * 72


# --- restarts and logs ----------------------------------------------------------------------------


def test_delays_double_to_a_limit_and_start_again_once_settled() -> None:
    restarts = Restarts()
    restarts.ready()
    delays = [restarts.died(float(at), 1.0) for at in range(7)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_DELAY_S, LONGEST_DELAY_S]
    assert restarts.died(1000.0, SETTLED_S) == 0.5


def test_five_deaths_at_the_start_are_enough_but_never_after_it_was_ready() -> None:
    hopeless, fine = Restarts(), Restarts()
    fine.ready()
    ends = [(hopeless.died(at * 5.0, 1.0), fine.died(at * 5.0, 1.0)) for at in range(5)]
    assert [end[0] is None for end in ends] == [False, False, False, False, True]
    assert all(end[1] is not None for end in ends)


def test_deaths_far_apart_are_no_reason_to_give_up() -> None:
    restarts = Restarts()
    assert all(restarts.died(at * 20.0, 15.0) is not None for at in range(20))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"event":"lost","level":"error","ts":"t","service":"s","n":3}', "lost n=3"),
        ('{"event":"fine","level":"info"}', None),
        (
            '{"event":"x","level":"critical","exception":"Trace\\nValueError: no"}',
            "x ValueError: no",
        ),
        ("2026-11-24 ERROR disk gone (kafka.log)", "2026-11-24 ERROR disk gone (kafka.log)"),
        ("pantau: port 1 is in use", "pantau: port 1 is in use"),
        ("2026-11-24 INFO started", None),
        ("[1, 2]", None),
    ],
)
def test_problems_in_logs(line: str, shown: str | None) -> None:
    assert problem_in(line) == shown


def test_a_log_is_read_once_by_whole_lines_and_kept_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "sinks.log"
    path.write_text("pantau: old\n")
    log = ChildLog(path)
    handle = log.open()
    try:
        os.write(handle, b"pantau: one\npantau: tw")
        assert log.problems() == ["pantau: one"]
        os.write(handle, b"o\n")
        assert log.problems() == ["pantau: two"]
        assert log.problems() == []
        os.write(handle, b"x" * MAX_BYTES + b"\n")
        log.rotate()
        assert path.stat().st_size == 0
        assert (tmp_path / "sinks.log.1").stat().st_size > MAX_BYTES
        os.write(handle, b"pantau: after\n")
        assert log.problems() == ["pantau: after"]
        assert log.last_line() == "pantau: after"
    finally:
        os.close(handle)

"""The supervisor over tiny real processes: what is killed comes back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pantau.processes.child_log import ChildLog
from pantau.processes.probes import READY, Answer, Probe
from pantau.processes.supervisor import Part, PartFailed, Supervisor

# Writes its pid and that of a grandchild that ignores SIGTERM, then sleeps.
CHILD = """
import pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
inner = subprocess.Popen([sys.executable, "-c", ignore])
(folder / "inner").write_text(str(inner.pid))
(folder / "scratch").write_text(str(__import__("os").getpid()))
(folder / "scratch").rename(folder / "pid")
time.sleep(300)
"""


def alive(pid: int) -> bool:
    """Running, and not just a zombie that nobody has waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


async def until_async(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    await asyncio.to_thread(until, condition, seconds)


def pid_in(path: Path) -> int:
    return int(path.read_text()) if path.exists() else 0


def pid_file_probe(folder: Path) -> Probe:
    async def ask(pid: int) -> Answer:
        ready = pid_in(folder / "pid") == pid
        return READY if ready else Answer(False, False, "no pid file yet")

    return ask


def part(folder: Path, name: str, code: str, probe: Probe | None = None, **more: float) -> Part:
    folder.mkdir(exist_ok=True)
    return Part(
        name=name,
        argv=(sys.executable, "-c", code, str(folder)),
        env=os.environ,
        log=ChildLog(folder / f"{name}.log"),
        probe=probe or pid_file_probe(folder),
        **more,
    )


def supervised(body: Callable[[Supervisor, list[str]], Awaitable[None]]) -> list[str]:
    """Run `body` with a supervisor, stop it, and give back what it said."""
    said: list[str] = []

    async def run() -> None:
        supervisor = Supervisor(said.append)
        try:
            await body(supervisor, said)
        finally:
            await supervisor.stop(asyncio.Event())

    asyncio.run(run())
    return said


def test_a_killed_part_comes_back_and_a_stop_leaves_nothing(tmp_path: Path) -> None:
    seen: set[int] = set()

    async def body(supervisor: Supervisor, said: list[str]) -> None:
        await supervisor.start(part(tmp_path, "ingest", CHILD))
        first, inner = pid_in(tmp_path / "pid"), pid_in(tmp_path / "inner")
        os.kill(first, signal.SIGKILL)
        await until_async(lambda: pid_in(tmp_path / "pid") not in (0, first))
        assert not alive(inner), "what the dead part had started must not live on"
        await until_async(lambda: sum("siap" in line for line in said) == 2)
        seen.update((first, inner, pid_in(tmp_path / "pid"), pid_in(tmp_path / "inner")))

    said = supervised(body)
    assert len(seen) == 4
    assert not any(alive(pid) for pid in seen)
    assert any("ingest berhenti (sinyal 9)" in line for line in said)


def test_parts_stop_in_reverse_order(tmp_path: Path) -> None:
    code = """
import pathlib, signal, sys, time, os
folder = pathlib.Path(sys.argv[1])
def stop(*_):
    with open(folder.parent / "order", "a") as file: file.write(folder.name + "\\n")
    sys.exit(0)
signal.signal(15, stop)
(folder / "scratch").write_text(str(os.getpid()))
(folder / "scratch").rename(folder / "pid")
time.sleep(300)
"""

    async def body(supervisor: Supervisor, _said: list[str]) -> None:
        for name in ("one", "two"):
            await supervisor.start(part(tmp_path / name, name, code))

    supervised(body)
    assert (tmp_path / "order").read_text().split() == ["two", "one"]


def test_a_change_of_readiness_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pantau.processes.supervisor._WATCH_S", 0.2)
    fine = [True]

    async def probe(_pid: int) -> Answer:
        return READY if fine[0] else Answer(True, False, "ClickHouse is away")

    async def body(supervisor: Supervisor, said: list[str]) -> None:
        await supervisor.start(part(tmp_path, "sinks", CHILD, probe))
        fine[0] = False
        await until_async(lambda: "sinks tidak siap: ClickHouse is away" in said)
        fine[0] = True
        await until_async(lambda: "sinks siap lagi" in said)

    supervised(body)


def test_a_part_that_hangs_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pantau.processes.supervisor._WATCH_S", 0.2)
    monkeypatch.setattr("pantau.processes.supervisor._HUNG_S", 1.0)
    silent: set[int] = set()

    async def probe(pid: int) -> Answer:
        return Answer(False, False, "silent") if pid in silent else READY

    async def body(supervisor: Supervisor, said: list[str]) -> None:
        await supervisor.start(part(tmp_path, "streams", CHILD, probe))
        await until_async(lambda: pid_in(tmp_path / "pid") != 0)
        first = pid_in(tmp_path / "pid")
        silent.add(first)
        await until_async(lambda: pid_in(tmp_path / "pid") not in (0, first))
        assert any("streams tidak menjawab" in line for line in said)

    supervised(body)


def test_a_part_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN)\n" + CHILD

    async def body(supervisor: Supervisor, _said: list[str]) -> None:
        await supervisor.start(part(tmp_path, "deaf", code, stop_s=0.3))

    said = supervised(body)
    assert not alive(pid_in(tmp_path / "pid"))
    assert "deaf dihentikan paksa" in said


def test_a_part_that_never_comes_up_names_its_log(tmp_path: Path) -> None:
    async def body(supervisor: Supervisor, _said: list[str]) -> None:
        with pytest.raises(PartFailed, match=r"broken dies at every start.*broken\.log"):
            await supervisor.start(part(tmp_path, "broken", "raise SystemExit('pantau: no jars')"))

    said = supervised(body)
    assert any("broken: pantau: no jars" in line for line in said)


def test_a_part_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    async def never(_pid: int) -> Answer:
        return Answer(True, False, "still reading")

    async def body(supervisor: Supervisor, _said: list[str]) -> None:
        with pytest.raises(PartFailed, match=r"slow is not ready after 1 s .still reading"):
            await supervisor.start(part(tmp_path, "slow", CHILD, never, start_s=1.0))

    supervised(body)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent-death signal")
def test_killing_the_supervisor_kills_the_parts(tmp_path: Path) -> None:
    script = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_supervisor import CHILD, part
from pantau.processes.supervisor import Supervisor

async def main() -> None:
    supervisor = Supervisor(print)
    await supervisor.start(part(Path({str(tmp_path)!r}), "streams", CHILD))
    await supervisor.failed()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script]) as supervisor:
        until(lambda: pid_in(tmp_path / "pid") != 0)
        child = pid_in(tmp_path / "pid")
        assert alive(child)
        supervisor.kill()
        supervisor.wait()
        until(lambda: not alive(child))
    os.kill(pid_in(tmp_path / "inner"), signal.SIGKILL)

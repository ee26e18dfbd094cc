"""`python -m bench.soak`: `pantau up --simulate` left alone for days of its clock: memory, disk, and the wall against the truth.

Each row says by `as_of` up to when it has *all* received events; what came after may be in it too. So the four day totals of
the wall must equal those of the truth file at one moment between `as_of` and the `now` of the answer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from bench.ground import REGION, installation, machine, output_options, publish
from bench.soak.soak_report import Sample, WallCheck, write
from chassis import logs
from chassis.regions.region_folder import load_region
from contracts.time.clock import real_now_ms, rfc3339
from contracts.time.days import Zone, day_to_iso
from contracts.time.instant import epoch_ms
from pantau.installation import ROOT
from producers.simulator.events import truth

_PAUSE_S: Final = 10.0
_MB: Final = 1024 * 1024
_PROMISE_MS: Final = 20_000
"""Of the region's clock: what was acknowledged so much after `now` may have been received before it."""
_ZONE: Final = Zone(load_region(ROOT / "regions" / REGION).region.timezone)
_ROW: Final = f"performance/kabupaten/{REGION}/1d"


class Watch:
    """Measures one running installation."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._pid: int = ready["pid"]
        self._home = Path(ready["tokens"]).parent.parent
        self._address = ready["wall"].split("/#")[0]
        self._token = json.loads(Path(ready["tokens"]).read_bytes())["wall"]
        self._hours: set[tuple[int, int]] = set()

    def sample(self) -> tuple[Sample, WallCheck | None]:
        """Memory and disk now; the first time in an hour of the region's day also the totals."""
        answer = httpx.get(
            f"{self._address}/v1/state",
            params={"region": REGION, "levels": "kabupaten"},
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=30,
        ).raise_for_status()
        frame = answer.json()
        now_ms = epoch_ms(frame["now"])
        memory = sum(map(_pss_kb, [self._pid, *_below(self._pid)])) // 1024
        sample = Sample(now_ms, memory, _size(self._home) // _MB)
        row = next((one for one in frame["rows"] if one["key"] == _ROW), None)
        hour = (_ZONE.local_day(now_ms), _ZONE.minute_of_day(now_ms) // 60)
        if row is None or hour in self._hours or not 5 <= hour[1] <= 18:
            return sample, None
        self._hours.add(hour)
        return sample, self._check(row, now_ms, hour[0])

    def _check(self, row: dict[str, Any], now_ms: int, day: int) -> WallCheck:
        wall = {name: row[name] for name in truth.FIGURES}
        as_of = epoch_ms(row["as_of"])
        record = truth.read(self._home / "truth" / f"{day_to_iso(day)}.jsonl")
        arrived = {done for _, done in record.arrived.values()}
        moments = sorted({as_of, *(t for t in arrived if as_of < t <= now_ms + _PROMISE_MS)})
        nothing = dict.fromkeys(truth.FIGURES, 0)
        equal = (
            t for t in moments if truth.sums(record, t)["regions"].get(REGION, nothing) == wall
        )
        return WallCheck(now_ms, as_of, wall, next(equal, None))


def _below(pid: int) -> list[int]:
    """All processes that `pid` has started, directly or not."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _pss_kb(pid: int) -> int:
    """Memory of a process, what it shares counted in shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/soak.md; ends with 1 if the wall once showed what was never true."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=45.0, help="20 are a day of its clock")
    output_options(parser)
    options = parser.parse_args(arguments)
    logs.configure("bench", "error")
    where, when = machine(), rfc3339(real_now_ms())
    samples: list[Sample] = []
    checks: list[WallCheck] = []
    with installation("--simulate") as ready:
        watch = Watch(ready)
        end = time.monotonic() + options.minutes * 60
        while time.monotonic() < end:
            sample, check = watch.sample()
            samples.append(sample)
            if check is not None:
                checks.append(check)
                sys.stderr.write(
                    f"{_local(check.now_ms)}: {sample.memory_mb} MB, {check.verdict}\n"
                )
            time.sleep(_PAUSE_S)
    publish(write(samples, checks, options.minutes, where, when, _local), "soak.md", options)
    if any(check.equal_ms is None for check in checks):
        raise SystemExit("pantau: the wall showed totals that were true at no moment: see above")


def _local(ms: int) -> str:
    minute = _ZONE.minute_of_day(ms)
    return f"{day_to_iso(_ZONE.local_day(ms))} {minute // 60:02}:{minute % 60:02}"


if __name__ == "__main__":
    main()

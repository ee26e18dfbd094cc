"""`python -m bench.detection`: tunes all methods on one simulated world, reports on another, replays seven poisonings."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from typing import Final

from bench.detection.detection_report import DetectionRun, page, picture
from bench.detection.replays import replay_all
from bench.detection.trial import (
    WARM_UP_DAYS,
    TrialSize,
    tune,
    with_outbreaks,
    without_outbreaks,
)
from bench.detection.world.variants import REPORTED_ON, TUNED_ON
from bench.ground import machine, output_options, publish
from contracts.time.clock import real_now_ms, rfc3339
from streams.core.alerts.cluster.cluster_policy import ClusterPolicy

_DAYS: Final = 31
_TUNED_SEED: Final = 1
_REPORTED_SEED: Final = 1_000_001


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, writes docs/bench/detection.md and detection.svg."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection")
    parser.add_argument("--size", type=float, default=1.0, help="4: four times the days")
    parser.add_argument("--kitchens", type=int, default=16, help="of the regency; Sumedang has 114")
    parser.add_argument("--seed", type=int, default=_REPORTED_SEED, help="of what is reported on")
    output_options(parser)
    options = parser.parse_args(arguments)
    os.nice(19)
    where, when, start = machine(), rfc3339(real_now_ms()), time.monotonic()
    size = TrialSize(options.kitchens, max(8, round(_DAYS * options.size)), 2)
    policy = ClusterPolicy()
    tuned_false = without_outbreaks(TUNED_ON, size, _TUNED_SEED, policy)
    tuning = tune(tuned_false, size, policy)
    run = DetectionRun(
        f"--size {options.size:g} --kitchens {options.kitchens}",
        size,
        (_TUNED_SEED, options.seed),
        tuning,
        tuned_false,
        without_outbreaks(REPORTED_ON, size, options.seed, policy),
        list(with_outbreaks(REPORTED_ON, size, options.seed, tuning)),
        replay_all(policy, options.seed),
    )
    publish(page(run, where, when, time.monotonic() - start, WARM_UP_DAYS), "detection.md", options)
    if options.write:
        (options.docs / "detection.svg").write_text(picture(run.outcomes, when), "utf-8")


if __name__ == "__main__":
    os.nice(19)
    main()

"""`python -m bench.phone`: first paint, time to the first task and bytes over the wire of the form, on a slow phone and network.

Chromium, CPU slowed --> proxy of a slow network --> ingest (its page, /v1/enrol, /v1/source) --> broker
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.ground import Ground, end, ground, machine, output_options, publish, until
from bench.phone.phone_report import Network, Visits, write
from chassis.datadir import DataDir
from contracts.time.clock import real_now_ms, rfc3339
from contracts.tokens import issue, link_claims
from engines.kafka.broker import pick_port
from pantau.installation import ROOT

_NODE: Final = ROOT / ".venv" / "bin" / "node"
_SCRIPT: Final = Path(__file__).with_name("paint.mjs")
_NETWORKS: Final = (
    Network("2G: 280 kbit/s down, 256 up, round trip 800 ms", 280, 256, 800),
    Network("3G: 1,600 kbit/s down, 768 up, round trip 300 ms", 1_600, 768, 300),
)
_START_S: Final = 60.0
_VISITS_S: Final = 300.0


def _visits(url: str, link: str, network: Network, cpu: float) -> Visits:
    """Of a phone that has never been there."""
    numbers = (network.down, network.up, network.rtt_ms, cpu)
    command = [str(_NODE), str(_SCRIPT), url, link, *map(str, numbers)]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=_VISITS_S)
    return msgspec.json.decode(found.stdout, type=Visits)


def _link(place: Ground) -> str:
    school = next(one for one in place.registry.recipients if one.status == "active")
    claims = link_claims(school.recipient_id, real_now_ms(), 86_400)
    return issue(DataDir(place.home).key(), claims)


def main() -> None:
    """Measures and writes docs/bench/phone.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.phone", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="new phones a network, at most 20")
    parser.add_argument("--cpu", type=float, default=6.0, help="how much slower than this machine")
    output_options(parser)
    options = parser.parse_args()
    where = machine()
    with ground(2, 100) as place:
        port = pick_port()
        environment = place.worker_environment() | {"PANTAU_INGEST_PORT": str(port)}
        process = place.start([sys.executable, "-m", "producers.ingest"], environment, "ingest")
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _is_ready(url), _START_S, "ingest is not ready")
            found = [
                (
                    network,
                    [
                        _visits(url, _link(place), network, options.cpu)
                        for _ in range(options.rounds)
                    ],
                )
                for network in _NETWORKS
            ]
        finally:
            end(process)
    command = f"python -m bench.phone --rounds {options.rounds} --cpu {options.cpu:g}"
    publish(write(command, where, rfc3339(real_now_ms()), options.cpu, found), "phone.md", options)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()

"""Pantau's worker with its unit agent alone: the part that does the job which the peers do.

The worker as built, set to read the kitchens' topic only; `python -m streams` is measured beside it.
"""

from __future__ import annotations

from faust import Worker

from chassis import health, logs
from chassis.settings import Settings
from contracts.results.topics import CLOCK, SPPG_EVENTS
from streams.agents.app import build


def main() -> None:
    """Runs until SIGTERM."""
    settings = Settings()
    logs.configure("streams", settings.log_level)
    state = health.Health("streams")
    with health.serve(state, settings.host, settings.health_port, settings.data_dir):
        app = build(settings, state)
        for agent in app.agents.values():
            if CLOCK not in agent.channel.topics:
                agent.channel.topics = [SPPG_EVENTS]
        Worker(
            app, quiet=True, loglevel="warning", override_logging=False, redirect_stdouts=False
        ).execute_from_commandline()


if __name__ == "__main__":
    main()

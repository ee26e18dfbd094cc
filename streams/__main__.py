"""`python -m streams`: one worker of the stream processing."""

from __future__ import annotations

from faust import Worker

from chassis import health, logs
from chassis.datadir import keep_private
from chassis.settings import Settings
from contracts.results.generations import service_name
from streams.agents.app import build


def main() -> None:
    """Runs until SIGTERM."""
    keep_private()
    settings = Settings()
    logs.configure("streams", settings.log_level)
    # One that rebuilds runs beside the installation's own: it notes itself under a name of its own.
    state = health.Health(service_name("streams", settings.generation))
    with health.serve(state, settings.host, settings.health_port, settings.data_dir):
        app = build(settings, state)
        Worker(
            app,
            quiet=True,
            loglevel=settings.log_level,
            override_logging=False,
            redirect_stdouts=False,
        ).execute_from_commandline()


if __name__ == "__main__":
    main()

"""`python -m streams`: one worker of the stream processing."""

from __future__ import annotations

from typing import NoReturn

from faust import Worker

from chassis import health, service
from streams.agents.app import build


def _work(of: service.Service) -> None:
    settings = of.settings
    with health.serve(of.health, settings.host, settings.health_port, settings.data_dir):
        worker = Worker(
            build(settings, of.health),
            quiet=True,
            loglevel=settings.log_level,
            override_logging=False,
            redirect_stdouts=False,
        )
        worker.execute_from_commandline()


def main() -> NoReturn:
    """Runs until SIGTERM."""
    service.run("streams", _work)


if __name__ == "__main__":
    main()

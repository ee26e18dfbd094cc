"""The app of an HTTP service: errors are problems, and it never redirects."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from chassis.http import problems


def new_app(
    title: str,
    version: str = "1",
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """An app without routes but /openapi.json."""
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Behind a TLS proxy a redirect would name http://, and take the client's token there.
        redirect_slashes=False,
        # Nobody exports it, and whether anybody would is asked of the environment at every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    return app

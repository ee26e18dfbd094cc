"""Logs: one JSON object a line on stderr, ours and the libraries' alike. stdout stays free."""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from contracts.events.nik import redact_nik
from contracts.time.clock import real_now_ms, rfc3339

_CHATTY: Final = (
    "aiokafka",
    "kafka",
    "asyncio",
    "httpx",
    "httpcore",
    "watchfiles",
    "uvicorn.error",
)
"""Libraries whose `info` says nothing that an operator can act on."""
_to_json: Final = structlog.processors.JSONRenderer(ensure_ascii=False)


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["ts"] = rfc3339(real_now_ms())
    return event


def _with_service(service: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _rendered(logger: WrappedLogger, method: str, event: EventDict) -> str:
    line = str(_to_json(logger, method, event))
    # Libraries and tracebacks repeat what came from outside.
    return redact_nik(line.encode(errors="replace")).decode()


def configure(service: str, level: str) -> None:
    """Send all logs of this process to stderr as JSON lines.

    Each has `event`, `level`, `ts`, `service` and `logger`.

    `level`: debug, info, warning or error. Call once, first thing in `main`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _stamp,
        _with_service(service),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _rendered,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At each connection: "credentials in the clear". Whether TLS is spoken is the operator's to say (PANTAU_KAFKA_SECURITY).
    logging.getLogger("kafka.net.sasl").setLevel(logging.ERROR)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger `name`: `get("sinks.writer").info("batch written", rows=120)`."""
    return structlog.stdlib.get_logger(name)

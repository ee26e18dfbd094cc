"""OpenAPI of `POST /v1/events`: its body is read as a stream, so FastAPI cannot derive it."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chassis.http.problems import MEDIA_TYPE as PROBLEM
from contracts.events.codes import MEANING, Code
from contracts.events.event_types import TYPES
from producers.ingest.requests.body import MAX_BODY_BYTES, MAX_EVENTS
from producers.ingest.requests.limits import DeviceLimits

_LIMITS: Final = DeviceLimits()
_NOT_FROM_INGEST: Final = {
    Code.WRONG_PARTITION,
    Code.CONFLICT,
    Code.WRONG_CORRECTION,
    Code.MORE_REFUSED,
}
"""Codes of dead letters alone."""

_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "CloudEvents 1.0. Unknown attributes are kept, fields of `data` refused.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 100},
        "source": {"type": "string", "examples": ["/32.11/sppg/SPPG-3211-001"]},
        "type": {"enum": sorted(TYPES)},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "description": "The recipient, where the type names one"},
        "supersedes": {"type": "string", "description": "Id of the event that this one corrects"},
        "recordedtime": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}


def _codes() -> dict[str, Any]:
    told = [code for code in Code if code not in _NOT_FROM_INGEST]
    lines = [f"- `{code}`: {MEANING[code]}" for code in told]
    return {"type": "string", "enum": [*told], "description": "\n".join(lines)}


def _result() -> dict[str, Any]:
    rejected = {
        "type": "object",
        "required": ["index", "id", "code", "detail"],
        "properties": {
            "index": {
                "type": "integer",
                "description": "Place in the request, from 0 (in lines: of the line)",
            },
            "id": {"type": ["string", "null"], "description": "Id, where it could be read"},
            "code": _codes(),
            "detail": {"type": "string"},
        },
    }
    return {
        "type": "object",
        "required": ["accepted", "rejected"],
        "properties": {
            "accepted": {"type": "integer"},
            "rejected": {"type": "array", "items": rejected},
        },
    }


def _problem(meaning: str, *headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": meaning,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return answer


def _answers() -> dict[str, Any]:
    result = {"application/json": {"schema": {"$ref": "#/components/schemas/Result"}}}
    return {
        "202": {
            "description": "Accepted events are on Kafka, rejected ones among the dead letters.",
            "content": result,
        },
        "422": {"description": "As 202, but none was accepted.", "content": result},
        "400": _problem("Nothing of the body parses. Set the batch aside."),
        "401": _problem("No device token, or none of this installation.", "WWW-Authenticate"),
        "403": _problem("No event is of the token's unit."),
        "413": _problem(
            f"More than {MAX_BODY_BYTES} bytes unpacked or {MAX_EVENTS} events. Halve the batch."
        ),
        "415": _problem("Another media type, charset or coding. Set the batch aside."),
        "429": _problem(
            f"More than {_LIMITS.requests_per_s:.0f} requests a second of a device "
            f"({_LIMITS.burst:.0f} at once).",
            "Retry-After",
        ),
        "503": _problem("Kafka or the registry is not there. Keep the copy.", "Retry-After"),
    }


def _operation() -> dict[str, Any]:
    event = {"schema": {"$ref": "#/components/schemas/Event"}}
    return {
        "summary": "Hand in events",
        "operationId": "postEvents",
        "description": "One event, an array, or lines; `Content-Encoding: gzip` is taken. "
        "The device keeps its copy until it has a 202 or 422.",
        "security": [{"device": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/cloudevents+json": event,
                "application/cloudevents-batch+json": {
                    "schema": {"type": "array", "items": event["schema"], "maxItems": MAX_EVENTS}
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": _answers(),
    }


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document: what FastAPI knows of `app`, and the endpoint."""
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    found["paths"]["/v1/events"] = {"post": _operation()}
    components = found.setdefault("components", {})
    components.setdefault("securitySchemes", {})["device"] = {"type": "http", "scheme": "bearer"}
    members = {name: {"type": "string"} for name in ("type", "title", "detail")}
    components.setdefault("schemas", {}).update(
        {
            "Event": _EVENT,
            "Result": _result(),
            "Problem": {
                "type": "object",
                "description": "RFC 9457",
                "properties": members | {"status": {"type": "integer"}},
            },
        }
    )
    return found

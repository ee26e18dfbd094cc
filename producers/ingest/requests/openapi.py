"""OpenAPI of `POST /v1/events`: its body is read as a stream, so FastAPI cannot derive it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chassis.http.problems import MEDIA_TYPE as PROBLEM
from contracts.events.codes import MEANING, Code
from contracts.events.event_types import CLASSES, TYPE_OF, Origin
from producers.ingest.form.form_openapi import form_paths, form_schemas
from producers.ingest.holds.hold_openapi import hold_paths, hold_schemas
from producers.ingest.rejected.letter_openapi import letter_paths, letter_schemas
from producers.ingest.requests.body import MAX_BODY_BYTES, MAX_EVENTS
from producers.ingest.requests.example_events import example_event
from producers.ingest.requests.limits import DeviceLimits
from producers.ingest.returned.return_openapi import return_paths, return_schemas

_LIMITS: Final = DeviceLimits()
_NOT_FROM_INGEST: Final = {
    Code.WRONG_PARTITION,
    Code.CONFLICT,
    Code.WRONG_CORRECTION,
    Code.MORE_REFUSED,
}
"""Codes of dead letters alone."""

_STAMPED: Final = frozenset({"receivedtime"})
"""Attributes that a device does not send: ingest writes them."""


def _event_schemas() -> dict[str, Any]:
    """`Event`, which is one of the types, and each type with all its fields, from the structs."""
    references, schemas = msgspec.json.schema_components(
        CLASSES, ref_template="#/components/schemas/{name}"
    )
    used = {name: one for name, one in schemas.items() if name != Origin.__name__}
    for one in used.values():
        for name in [name for name in one["properties"] if name.startswith("pantau.")]:
            del one["properties"][name]
        for name in _STAMPED & one["properties"].keys():
            del one["properties"][name]
    event = {
        "description": "CloudEvents 1.0. Unknown attributes are kept, fields of `data` refused.",
        "oneOf": list(references),
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                TYPE_OF[cls]: reference["$ref"]
                for cls, reference in zip(CLASSES, references, strict=True)
            },
        },
    }
    return {"Event": event} | used


def _codes() -> dict[str, Any]:
    codes = [code for code in Code if code not in _NOT_FROM_INGEST]
    lines = [f"- `{code}`: {MEANING[code]}" for code in codes]
    return {"type": "string", "enum": [*codes], "description": "\n".join(lines)}


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
        "required": ["accepted", "rejected", "receipt"],
        "properties": {
            "accepted": {"type": "integer"},
            "rejected": {"type": "array", "items": rejected},
            "receipt": {"type": "string", "description": "For GET /v1/receipts/{receipt}"},
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


def _examples(now_ms: int) -> dict[str, Any]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    return {type_: {"value": example_event(type_, now)} for type_ in TYPE_OF.values()}


def _operation(now_ms: int) -> dict[str, Any]:
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
                "application/cloudevents+json": event | {"examples": _examples(now_ms)},
                "application/cloudevents-batch+json": {
                    "schema": {"type": "array", "items": event["schema"], "maxItems": MAX_EVENTS}
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": _answers(),
    }


def _renewal() -> dict[str, Any]:
    members = {"token": {"type": "string"}, "expires": {"type": "string", "format": "date-time"}}
    schema = {"type": "object", "required": list(members), "properties": members}
    answers = _answers()
    return {
        "summary": "A fresh token for one that still holds",
        "operationId": "renewToken",
        "security": [{"device": []}],
        "responses": {
            "200": {
                "description": "Store it.",
                "content": {"application/json": {"schema": schema}},
            },
            **{status: answers[status] for status in ("401", "429", "503")},
        },
    }


def _receipt() -> dict[str, Any]:
    answers = _answers()
    members = {
        "stored": ("boolean", "On Kafka: true in every answer"),
        "windows": ("boolean", "In all windows that are due by now, of units and of areas"),
        "clickhouse": ("boolean", "A query of `pantau.events` and of the windows shows it"),
        "walls": ("integer", "Connected walls that were sent it, as far as gateways answer"),
    }
    schema = {
        "type": "object",
        "required": list(members),
        "properties": {
            name: {"type": kind, "description": text} for name, (kind, text) in members.items()
        },
    }
    return {
        "summary": "How far everything that an answer acknowledged has come",
        "operationId": "getReceipt",
        "description": "By positions: what is not proved is false. Events that are refused later "
        "(a conflict, say) have come as far as their verdict.",
        "security": [{"device": []}],
        "parameters": [
            {"name": "receipt", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "responses": {
            "200": {
                "description": "As far as it is known now.",
                "content": {"application/json": {"schema": schema}},
            },
            "404": _problem("No receipt that was given to the token's unit or recipient."),
            **{status: answers[status] for status in ("401", "429", "503")},
        },
    }


def document(app: FastAPI, now_ms: int) -> dict[str, Any]:
    """What FastAPI knows of `app`, and the endpoint with an example of each type that happened at `now_ms`."""
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    found["paths"]["/v1/events"] = {"post": _operation(now_ms)}
    found["paths"]["/v1/receipts/{receipt}"] = {"get": _receipt()}
    found["paths"]["/v1/token"] = {"post": _renewal()}
    found["paths"].update(
        form_paths(_answers())
        | hold_paths(_answers())
        | letter_paths(_answers())
        | return_paths(_answers())
    )
    components = found.setdefault("components", {})
    components.setdefault("securitySchemes", {})["device"] = {"type": "http", "scheme": "bearer"}
    members = {name: {"type": "string"} for name in ("type", "title", "detail")}
    components.setdefault("schemas", {}).update(
        _event_schemas()
        | form_schemas()
        | hold_schemas()
        | letter_schemas()
        | return_schemas()
        | {
            "Result": _result(),
            "Problem": {
                "type": "object",
                "description": "RFC 9457",
                "properties": members | {"status": {"type": "integer"}},
            },
        }
    )
    return found

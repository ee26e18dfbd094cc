"""OpenAPI of the form's two addresses: their bodies are read within limits, so FastAPI cannot derive it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from producers.ingest.form.enrolment import EnrolAnswer, EnrolRequest
from producers.ingest.form.source_info import SourceAnswer

_REFERENCE: Final = "#/components/schemas/{name}"


def form_schemas() -> dict[str, Any]:
    """Component schemas of what is asked and answered."""
    _, found = msgspec.json.schema_components(
        (EnrolRequest, EnrolAnswer, SourceAnswer), ref_template=_REFERENCE
    )
    return found


def _json(cls: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=cls.__name__)}}}


def form_paths(problems: dict[str, Any]) -> dict[str, Any]:
    """Path items. `problems`: status -> answer, as of the other addresses of ingest."""

    def answers(meaning: str, cls: type, *statuses: str) -> dict[str, Any]:
        good = {"description": meaning, "content": _json(cls)}
        return {"200": good} | {status: problems[status] for status in statuses}

    return {
        "/v1/enrol": {
            "post": {
                "summary": "Trade a one-time code, or a school link, for a device token",
                "operationId": "enrolPhone",
                "requestBody": {"required": True, "content": _json(EnrolRequest)},
                "responses": answers(
                    "Store it.", EnrolAnswer, "400", "401", "413", "429", "503"
                )
                | {"403": {"description": "The link has had enough phones today."}},
            }
        },
        "/v1/source": {
            "get": {
                "summary": "What the registry says today of the token's source",
                "operationId": "showSource",
                "security": [{"device": []}],
                "responses": answers(
                    "Its name, whom it feeds, who is served today.", SourceAnswer, "401", "429", "503"
                )
                | {"404": {"description": "The registry has no row of it today."}},
            }
        },
    }  # fmt: skip

"""OpenAPI of `GET /v1/rejected`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from producers.ingest.rejected.letter_routes import MOST, LettersAnswer

_EXAMPLE: Final = {
    "rejected": [
        {
            "letter": "3f0c5a1e9b7d42608c1a2b3c4d5e6f70",
            "id": "0192f3a0-7c1e-7b7e-8f00-2f6f1d6b9a11",
            "type": "recipient.meal.eaten",
            "code": "too_old",
            "detail": "time is more than 30 days behind: such an event is not taken any more",
            "received_at": "2026-11-24T03:15:32.000Z",
        }
    ],
    "next": None,
}


def letter_schemas() -> dict[str, Any]:
    """Component schemas of what is answered."""
    _, found = msgspec.json.schema_components(
        (LettersAnswer,), ref_template="#/components/schemas/{name}"
    )
    return found


def letter_paths(problems: dict[str, Any]) -> dict[str, Any]:
    """Path item. `problems`: status -> answer, as of the other addresses of ingest."""
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": MOST}
    before = {"type": "string", "pattern": r"^[0-9]{1,18}\.[0-9]{1,9}$"}
    schema = {"$ref": f"#/components/schemas/{LettersAnswer.__name__}"}
    good = {
        "description": "Those of the last 30 days that nobody has seen to, the newest first, at most the last hundred.",
        "content": {"application/json": {"schema": schema, "example": _EXAMPLE}},
    }
    return {
        "/v1/rejected": {
            "get": {
                "summary": "Refused events of the token's source, without their values",
                "operationId": "listRejected",
                "security": [{"device": []}],
                "parameters": [
                    {"name": "limit", "in": "query", "schema": limit},
                    {"name": "before", "in": "query", "schema": before, "description": "`next` of the page before"},
                ],
                "responses": {"200": good}
                | {status: problems[status] for status in ("400", "401", "429", "503")},
            }
        }
    }  # fmt: skip

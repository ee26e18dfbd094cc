"""OpenAPI of `GET /v1/returned`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from producers.ingest.returned.return_routes import ReturnsAnswer

_EXAMPLE: Final = {
    "returned": [
        {
            "command": "0c9d1f2e3b4a5968778695a4b3c2d1e0",
            "id": "0192f3a0-7c1e-7b7e-8f00-2f6f1d6b9a11",
            "type": "recipient.meal.eaten",
            "note": "Porsi dimakan lebih banyak daripada yang datang. Periksa lagi.",
            "returned_at": "2026-11-24T03:15:32.000Z",
        }
    ]
}


def return_schemas() -> dict[str, Any]:
    """Component schemas of what is answered."""
    _, found = msgspec.json.schema_components(
        (ReturnsAnswer,), ref_template="#/components/schemas/{name}"
    )
    return found


def return_paths(problems: dict[str, Any]) -> dict[str, Any]:
    """Path item. `problems`: status -> answer, as of the other addresses of ingest."""
    schema = {"$ref": f"#/components/schemas/{ReturnsAnswer.__name__}"}
    good = {
        "description": "Those of the last 30 days that no event of the source names in `supersedes` yet, at most a hundred.",
        "content": {"application/json": {"schema": schema, "example": _EXAMPLE}},
    }
    return {
        "/v1/returned": {
            "get": {
                "summary": "Reports of the token's source that the desk wants corrected or taken back, and why",
                "operationId": "listReturned",
                "security": [{"device": []}],
                "responses": {"200": good}
                | {status: problems[status] for status in ("401", "429", "503")},
            }
        }
    }

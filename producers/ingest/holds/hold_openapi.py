"""OpenAPI of the two addresses for holds: their bodies are read within limits, so FastAPI cannot derive it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from producers.ingest.holds.hold_routes import ConfirmAnswer, ConfirmRequest, HoldsAnswer

_REFERENCE: Final = "#/components/schemas/{name}"
_EXAMPLE: Final = {
    "holds": [
        {
            "id": "hold-5f2b6c1e9a374d0f8e1b7c55aa0d4e21",
            "batch": "B-2",
            "kitchen": "SPPG-3211-0001",
            "kitchen_name": "SPPG Cimalaka 1",
            "ordered_at": "2026-11-24T02:10:00Z",
            "note": "Uji nitrit gagal. Jangan dimakan, simpan untuk diperiksa.",
            "asks": True,
            "confirmed_at": None,
            "recipients": 9,
            "confirmed": 6,
        }
    ]
}


def hold_schemas() -> dict[str, Any]:
    """Component schemas of what is asked and answered."""
    _, found = msgspec.json.schema_components(
        (HoldsAnswer, ConfirmRequest, ConfirmAnswer), ref_template=_REFERENCE
    )
    return found


def _json(cls: type, example: Any) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(name=cls.__name__)}
    return {"application/json": {"schema": schema, "example": example}}


def hold_paths(problems: dict[str, Any]) -> dict[str, Any]:
    """Path items. `problems`: status -> answer, as of the other addresses of ingest."""
    device: list[Any] = [{"device": []}]
    shared = {status: problems[status] for status in ("401", "429", "503")}
    hold = {"name": "hold", "in": "path", "required": True, "schema": {"type": "string"}}
    taken = {"command": "0c9d1f2e3b4a5968778695a4b3c2d1e0"}
    return {
        "/v1/holds": {
            "get": {
                "summary": "Food that this recipient must not serve, or that this kitchen cooked",
                "operationId": "listHolds",
                "security": device,
                "responses": shared
                | {"200": {"description": "Maybe none.", "content": _json(HoldsAnswer, _EXAMPLE)}},
            }
        },
        "/v1/holds/{hold}/confirm": {
            "post": {
                "summary": "This recipient has stopped; the first answer counts",
                "operationId": "confirmHold",
                "security": device,
                "parameters": [hold],
                "requestBody": {
                    "required": True,
                    "content": _json(ConfirmRequest, {"eaten": False}),
                },
                "responses": shared
                | {status: problems[status] for status in ("400", "413")}
                | {
                    "202": {"description": "On Kafka.", "content": _json(ConfirmAnswer, taken)},
                    "404": {"description": "No such hold stands, or it does not ask this token's recipient."},
                },
            }
        },
    }  # fmt: skip

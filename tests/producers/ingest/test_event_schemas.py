"""/openapi.json says of every type what ingest takes: all its fields, and no other."""

from __future__ import annotations

import copy
from typing import Any, get_type_hints

import jsonschema
import pytest
from fastapi import FastAPI

from contracts.events.event_types import TYPES
from producers.ingest.requests.openapi import document
from tests.examples import DATA, TIME_MS, event

_DOCUMENT = document(FastAPI(), TIME_MS)
_SCHEMA = {"$ref": "#/components/schemas/Event"} | _DOCUMENT


def _is_valid(thing: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(_SCHEMA).is_valid(thing))


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_an_event_with_all_fields_fits_its_schema_and_one_with_another_does_not(
    type_: str,
) -> None:
    made = event(type_)
    assert _is_valid(made)
    assert _is_valid(made | {"attribute": "of another"})
    for name in DATA[type_]:
        bent = copy.deepcopy(made)
        bent["data"][name] = object
        assert not _is_valid(bent), name
    made["data"]["unheard_of"] = 1
    assert not _is_valid(made)


def test_every_field_of_an_example_is_described() -> None:
    schemas = _DOCUMENT["components"]["schemas"]
    for type_, cls in TYPES.items():
        described = schemas[get_type_hints(cls)["data"].__name__]["properties"]
        assert set(DATA[type_]) == set(described)
        attributes = schemas[cls.__name__]["properties"]
        assert not [name for name in attributes if "." in name or name == "receivedtime"]

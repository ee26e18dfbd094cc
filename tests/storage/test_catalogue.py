"""What is written down from the definitions is what the definitions say."""

from __future__ import annotations

from typing import Annotated, get_type_hints

import msgspec
import pytest

from contracts.events.data_structs import HEX32_FIELDS
from contracts.events.event_types import CLASSES
from contracts.results.columns import String, columns_of
from contracts.results.event_data import DATA_PATHS, DATA_TYPE
from contracts.results.tables import TABLES
from contracts.time.windows import GROUPS
from storage import catalogue, schema
from storage.stored_rows import RecipientRow
from storage.views import VIEWS


def test_catalogue_is_current() -> None:
    assert catalogue.PATH.read_text("utf-8") == catalogue.render(), (
        "run python -m storage.catalogue"
    )


def test_every_table_of_the_contract_is_stored_by_its_key_and_version() -> None:
    stored = {storage.table.name: storage for storage in schema.STORAGE}
    assert TABLES.items() <= {name: one.table for name, one in stored.items()}.items()
    for storage in stored.values():
        order = storage.order or str(storage.table.key)
        assert all(name in order for name in storage.table.key)


def test_every_field_of_an_event_has_a_typed_path_but_pseudonyms() -> None:
    fields = set()
    for cls in CLASSES:
        data = get_type_hints(cls)["data"]
        fields |= set(get_type_hints(data)) - {"eaten", "present"}
    paths = {path for path in DATA_PATHS if "." not in path}
    assert paths == fields - HEX32_FIELDS
    by_group = {f"{name}.{group}" for name in ("eaten", "present") for group in GROUPS}
    assert set(DATA_PATHS) - paths == by_group
    assert all(f"SKIP {field}" in DATA_TYPE for field in HEX32_FIELDS)


def test_a_registry_row_has_a_column_for_each_group() -> None:
    assert set(GROUPS) <= set(RecipientRow.__struct_fields__)


def test_a_field_without_a_type_or_a_meaning_is_no_column() -> None:
    for hint in (str, Annotated[str, "What it means"], String):
        row = msgspec.defstruct("Row", [("a", hint)])
        with pytest.raises(TypeError, match=r"Row\.a: annotate it"):
            columns_of(row)


def test_the_views_are_those_of_the_contract() -> None:
    assert {view.name for view in VIEWS} == {
        *("events", "performance", "coverage", "clinic_coverage", "alerts", "alert_history"),
        *("plausibility", "corrections"),
        *("dead_letters", "dead_letter_actions", "late", "regions", "units", "recipients"),
        *("reception", "calendar"),
    }

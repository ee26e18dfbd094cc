"""A month as DHIS2 `dataValueSets`: https://docs.dhis2.org, Web API, data values. Values are text; the same key sent again overwrites."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client

from pantau.exports.excel_csv import FEWEST

_ADDED: Final = {
    "performance": (
        *("portions_cooked", "portions_dispatched", "portions_received", "portions_eaten"),
        *("portions_target", "deliveries", "deliveries_on_time", "deliveries_over_4h"),
        *("deliveries_over_6h", "tests", "tests_failed", "incidents"),
    ),
    "clinic_coverage": ("doses_given", "foodborne_cases", "foodborne_counted"),
}
"""View -> metrics whose month is the sum of its days."""
_DISTINCT: Final = (
    *("children_measured", "children_stunted", "children_wasted", "children_immunized"),
    *("mothers_seen", "mothers_anaemic"),
)
"""Distinct people cannot be added up: the 30 days that end with the month stand for it."""
METRICS: Final = (*_ADDED["performance"], *_ADDED["clinic_coverage"], *_DISTINCT)
_ABOUT_PEOPLE: Final = frozenset((*_DISTINCT, "foodborne_cases", "foodborne_counted"))


class Dhis2Names(msgspec.Struct, forbid_unknown_fields=True):
    """A file that names things as DHIS2 does. `orgUnits`: id of a unit, kecamatan or region -> uid; `dataElements`: metric -> uid."""

    dataSet: str  # noqa: N815 - DHIS2's own name
    orgUnits: dict[str, str]  # noqa: N815
    dataElements: dict[str, str]  # noqa: N815


class NamesError(ValueError):
    """The file of names cannot be used. Says why."""


def read_names(path: Path) -> Dhis2Names:
    """Raises `NamesError`, `OSError`."""
    try:
        found = msgspec.yaml.decode(path.read_bytes(), type=Dhis2Names)
    except msgspec.DecodeError as error:
        raise NamesError(f"{path}: {error}") from None
    if unknown := found.dataElements.keys() - set(METRICS):
        raise NamesError(
            f"{path}: {', '.join(sorted(unknown))}: no such metric, only {', '.join(METRICS)}"
        )
    return found


def month_of(period: str) -> tuple[date, date]:
    """First and last day of `202611`. Raises `ValueError`."""
    first = date(int(period[:4]), int(period[4:6]), 1)
    if len(period) != 6:
        raise ValueError(period)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def data_value_set(
    client: Client, wanted: Dhis2Names, period: str, public: bool
) -> tuple[dict[str, Any], int]:
    """The body for `POST /api/dataValueSets`, and how many values were left out as `public` (1 to 4 people)."""
    first, last = month_of(period)
    values: list[dict[str, str]] = []
    hidden = 0
    for area, metrics in _values(client, tuple(wanted.orgUnits), first, last).items():
        for metric, value in sorted(metrics.items()):
            element = wanted.dataElements.get(metric)
            if element is None or value is None:
                continue
            if public and metric in _ABOUT_PEOPLE and 0 < value < FEWEST:
                hidden += 1
                continue
            values.append(
                {
                    "dataElement": element,
                    "period": period,
                    "orgUnit": wanted.orgUnits[area],
                    "value": str(value),
                }
            )
    return {"dataSet": wanted.dataSet, "dataValues": values}, hidden


def _values(
    client: Client, areas: tuple[str, ...], first: date, last: date
) -> Mapping[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    for view, columns in _ADDED.items():
        asked = ", ".join(f"sum({one}) AS {one}" for one in columns)
        days = "window = '1d' AND day BETWEEN {first:Date} AND {last:Date}"
        _take(found, client, f"{asked} FROM pantau.{view} WHERE {days}", areas, first, last)
    asked = ", ".join(f"any({one}) AS {one}" for one in _DISTINCT)
    where = "window = '30d' AND day = {last:Date}"
    _take(found, client, f"{asked} FROM pantau.clinic_coverage WHERE {where}", areas, first, last)  # fmt: skip
    return found


def _take(
    found: dict[str, dict[str, int | None]],
    client: Client,
    asked: str,
    areas: tuple[str, ...],
    first: date,
    last: date,
) -> None:
    sql = f"SELECT area_id, {asked} AND area_id IN {{areas:Array(String)}} GROUP BY area_id ORDER BY area_id"
    given = {"areas": list(areas), "first": first, "last": last}
    for row in client.query(sql, parameters=given).named_results():
        area = str(row.pop("area_id"))
        found.setdefault(area, {}).update(row)

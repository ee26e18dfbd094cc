"""Result rows: every column of the public views `performance`, `coverage` and `clinic_coverage`, defined once.

Streams build rows in this column order, the storage tables and the comments of the views are made from it, and so are the docs.
A row on a topic is a JSON object with these names; times are RFC 3339 in UTC, `day` is `YYYY-MM-DD`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

View = Literal["performance", "coverage", "clinic_coverage"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, ClickHouse type and what it means (unit included)."""

    name: str
    type: str
    doc: str


REGION: Final = Column("region", "LowCardinality(String)", "Region code (Kemendagri), e.g. 32.11")

IDENTITY: Final = (
    REGION,
    Column("level", "LowCardinality(String)", "unit, recipient, kecamatan or kabupaten"),
    Column("area_id", "String", "Id of the unit, recipient, kecamatan or region"),
    Column(
        "window",
        "LowCardinality(String)",
        ("15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)"),
    ),
    Column("window_start", "DateTime('UTC')", "Start of the window, inclusive"),
    Column("window_end", "DateTime('UTC')", "End of the window, exclusive"),
    Column("day", "Date", "Local date of the window's last moment"),
)
VERSION: Final = (
    Column(
        "revision",
        "UInt64",
        ("Grows with each change of the row: the input position that last changed it"),
    ),
    Column("updated_at", "DateTime('UTC')", "Region's clock when the row last changed"),
)

_COUNT: Final = "UInt64"
_MINUTES: Final = "Nullable(UInt32)"
_REGISTERED: Final = "Nullable(UInt64)"

SUMS: Final = (
    Column("portions_cooked", _COUNT, "Portions cooked"),
    Column("portions_dispatched", _COUNT, "Portions dispatched"),
    Column("portions_received", _COUNT, "Portions received by recipients"),
    Column("portions_eaten", _COUNT, "Portions eaten, all groups"),
    Column("deliveries", _COUNT, "Deliveries received"),
    Column(
        "deliveries_on_time",
        _COUNT,
        ("Deliveries received at or before the recipient's meal_time (local time of day)"),
    ),
    Column("deliveries_over_4h", _COUNT, "Deliveries more than 240 minutes after cooking"),
    Column("deliveries_over_6h", _COUNT, "Deliveries more than 360 minutes after cooking"),
    Column("tests", _COUNT, "Food tests"),
    Column("tests_failed", _COUNT, "Food tests not passed"),
    Column("temp_readings", _COUNT, "Temperature readings"),
    Column(
        "temp_in_range",
        _COUNT,
        ("Readings in range: chiller 0..5, freezer <= -18, hot_holding >= 60 degrees Celsius"),
    ),
    Column("leftover_g", _COUNT, "Leftovers, grams"),
    Column("incidents", _COUNT, "Incidents reported"),
    Column("events", _COUNT, "Events that count, less heartbeats and retractions"),
)
"""Additive metrics of a kitchen, in the order of the vector that streams add up."""

PERCENTILES: Final = (
    Column(
        "cook_to_receive_p50_min",
        _MINUTES,
        (
            "Median of whole minutes from cooked_at to receipt (quantileExact); null without "
            "deliveries"
        ),
    ),
    Column(
        "cook_to_receive_p95_min",
        _MINUTES,
        (
            "95th percentile of whole minutes from cooked_at to receipt (quantileExact); null"
            " without deliveries"
        ),
    ),
    Column(
        "cook_to_receive_max_min",
        _MINUTES,
        ("Greatest number of whole minutes from cooked_at to receipt; null without deliveries"),
    ),
)

PERFORMANCE: Final = (
    *IDENTITY,
    *SUMS,
    *PERCENTILES,
    Column(
        "portions_target",
        _REGISTERED,
        (
            "Registered of the kitchen's recipients, summed over the window's service days; "
            "null for 15m and 1h"
        ),
    ),
    *VERSION,
)

COVERAGE: Final = (
    *IDENTITY,
    Column(
        "group",
        "LowCardinality(String)",
        ("paud, sd, smp, sma, santri, guru, bumil, busui, balita, or all"),
    ),
    Column("eaten", _COUNT, "Portions eaten by the group"),
    Column(
        "target",
        _REGISTERED,
        ("Registered of the group, summed over the window's service days; null for 15m and 1h"),
    ),
    Column(
        "recipients_served",
        _COUNT,
        ("Distinct recipients with eaten > 0 in the group (all: in any)"),
    ),
    Column(
        "recipients_target",
        _REGISTERED,
        (
            "Distinct recipients with registered > 0 in the group on a service day of the "
            "window; null for 15m and 1h"
        ),
    ),
    *VERSION,
)

CLINIC_COVERAGE: Final = (
    *IDENTITY,
    Column("children_measured", _COUNT, "Distinct children measured"),
    Column(
        "children_registered",
        _REGISTERED,
        ("Registered children of the clinics active on the last day; null for 15m and 1h"),
    ),
    Column(
        "children_stunted",
        _COUNT,
        (
            "Distinct children whose last measurement in the window has height-for-age z < -2"
            " (WHO 2006)"
        ),
    ),
    Column(
        "children_wasted",
        _COUNT,
        (
            "Distinct children whose last measurement in the window has weight-for-"
            "length/height z < -2 (WHO 2006)"
        ),
    ),
    Column("children_immunized", _COUNT, "Distinct children immunized"),
    Column("doses_given", _COUNT, "Vaccine doses given"),
    Column("mothers_seen", _COUNT, "Distinct mothers seen"),
    Column("mothers_anaemic", _COUNT, "Distinct mothers with any haemoglobin < 11 g/dL"),
    Column("foodborne_cases", _COUNT, "Cases with syndrome foodborne"),
    *VERSION,
)

VIEWS: Final[dict[View, tuple[Column, ...]]] = {
    "performance": PERFORMANCE,
    "coverage": COVERAGE,
    "clinic_coverage": CLINIC_COVERAGE,
}

IS_FINAL: Final = Column(
    "is_final",
    "UInt8",
    (
        "1 when nothing accepted later can fall in the window: all events received up to "
        "30 days after its end are in"
    ),
)


def names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Column names in order."""
    return tuple(column.name for column in columns)

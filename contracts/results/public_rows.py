"""Result rows: the public views `performance`, `coverage`, `reception` and `clinic_coverage`, each column defined once.

Streams build rows in this column order.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

import msgspec

from contracts.results.columns import (
    Column,
    Count,
    Day,
    Label,
    MaybeCount,
    MaybeSmall,
    RegionCode,
    Second,
    String,
    columns_of,
)

View = Literal["performance", "coverage", "reception", "clinic_coverage"]
Level = Literal["unit", "recipient", "kecamatan", "kabupaten"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

Revision = Annotated[
    Count, "Grows with each change of the row: the input position that last changed it"
]
UpdatedAt = Annotated[Second, "Region's clock when the row last changed"]


class WindowRow(msgspec.Struct, gc=False):
    """What a row is about: an area and a window of event time."""

    region: RegionCode
    level: Annotated[Label, "unit, recipient, kecamatan or kabupaten"]
    area_id: Annotated[String, "Id of the unit, recipient, kecamatan or region"]
    window: Annotated[Label, "15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)"]
    window_start: Annotated[Second, "Start of the window, inclusive"]
    window_end: Annotated[Second, "End of the window, exclusive"]
    day: Annotated[Day, "Local date of the window's last moment"]


class KitchenSums(WindowRow, gc=False):
    """Additive metrics of a kitchen, in the order of the vector that streams add up."""

    portions_cooked: Annotated[Count, "Portions cooked"]
    portions_dispatched: Annotated[Count, "Portions dispatched"]
    portions_received: Annotated[Count, "Portions received by recipients"]
    portions_eaten: Annotated[Count, "Portions eaten, all groups"]
    deliveries: Annotated[Count, "Deliveries received"]
    deliveries_on_time: Annotated[
        Count, "Deliveries received at or before the recipient's meal_time (local time of day)"
    ]
    deliveries_over_4h: Annotated[Count, "Deliveries more than 240 minutes after cooking"]
    deliveries_over_6h: Annotated[Count, "Deliveries more than 360 minutes after cooking"]
    tests: Annotated[Count, "Food tests"]
    tests_failed: Annotated[Count, "Food tests not passed"]
    temp_readings: Annotated[Count, "Temperature readings"]
    temp_in_range: Annotated[
        Count, "Readings in range: chiller 0..5, freezer <= -18, hot_holding >= 60 degrees Celsius"
    ]
    leftover_g: Annotated[Count, "Leftovers, grams"]
    incidents: Annotated[Count, "Incidents reported"]
    events: Annotated[Count, "Events that count, less heartbeats and retractions"]


class PerformanceRow(KitchenSums, gc=False):
    """One row of `performance`."""

    cook_to_receive_p50_min: Annotated[
        MaybeSmall,
        "Median of whole minutes from cooked_at to receipt (quantileExact); null without deliveries",
    ]
    cook_to_receive_p95_min: Annotated[
        MaybeSmall,
        "95th percentile of whole minutes from cooked_at to receipt (quantileExact); null without deliveries",
    ]
    cook_to_receive_max_min: Annotated[
        MaybeSmall,
        "Greatest number of whole minutes from cooked_at to receipt; null without deliveries",
    ]
    portions_target: Annotated[
        MaybeCount,
        "Registered of the kitchen's recipients, summed over the window's service days; null for 15m and 1h",
    ]
    revision: Revision
    updated_at: UpdatedAt


class CoverageRow(WindowRow, gc=False):
    """One row of `coverage`."""

    group: Annotated[Label, "paud, sd, smp, sma, santri, guru, bumil, busui, balita, or all"]
    eaten: Annotated[Count, "Portions eaten by the group"]
    target: Annotated[
        MaybeCount,
        "Registered of the group, summed over the window's service days; null for 15m and 1h",
    ]
    recipients_served: Annotated[
        Count, "Distinct recipients with eaten > 0 in the group (all: in any)"
    ]
    recipients_target: Annotated[
        MaybeCount,
        "Distinct recipients with registered > 0 in the group on a service day of the window; null for 15m and 1h",
    ]
    revision: Revision
    updated_at: UpdatedAt


class ClinicCoverageRow(WindowRow, gc=False):
    """One row of `clinic_coverage`."""

    children_measured: Annotated[Count, "Distinct children measured"]
    children_registered: Annotated[
        MaybeCount, "Registered children of the clinics active on the last day; null for 15m and 1h"
    ]
    children_stunted: Annotated[
        Count,
        "Distinct children whose last measurement in the window has height-for-age z < -2 (WHO 2006)",
    ]
    children_wasted: Annotated[
        Count,
        "Distinct children whose last measurement in the window has weight-for-length/height z < -2 (WHO 2006)",
    ]
    children_immunized: Annotated[Count, "Distinct children immunized"]
    doses_given: Annotated[Count, "Vaccine doses given"]
    mothers_seen: Annotated[Count, "Distinct mothers seen"]
    mothers_anaemic: Annotated[Count, "Distinct mothers with any haemoglobin < 11 g/dL"]
    foodborne_cases: Annotated[Count, "Cases with syndrome foodborne"]
    foodborne_counted: Annotated[
        Count, "Sum of the cases of counts with syndrome foodborne; newer counts supersede older"
    ]
    revision: Revision
    updated_at: UpdatedAt


class ReceptionRow(WindowRow, gc=False):
    """One row of `reception`: at level unit (the kitchen named) what follows `senses_failed` is null."""

    checks: Annotated[Count, "Deliveries checked"]
    portions_confirmed: Annotated[Count, "Portions that recipients took"]
    portions_refused: Annotated[Count, "Portions that recipients refused"]
    senses_failed: Annotated[Count, "Checks that the senses did not pass"]
    eaten_confirmed: Annotated[
        MaybeCount, "Portions eaten, in the recipients' words; null at level unit"
    ]
    leftover_confirmed_g: Annotated[
        MaybeCount, "Leftovers in the recipients' words, grams; null at level unit"
    ]
    present: Annotated[
        MaybeCount,
        "People present: of a recipient's reports of one local day in the window the last statement "
        "(recordedtime, id); null at level unit",
    ]
    absent_ill: Annotated[
        MaybeCount, "People absent because they are ill, of the same reports; null at level unit"
    ]
    ill_noticed: Annotated[MaybeCount, "Ill people noticed; null at level unit"]
    declined: Annotated[
        MaybeCount,
        "Registered of the groups declined, once a recipient, group and local day; null at level unit",
    ]
    reporting: Annotated[
        MaybeCount, "Distinct recipients with an event that counts; null at level unit"
    ]
    events: Annotated[
        MaybeCount,
        "Events that count, less heartbeats and retractions; null at level unit",
    ]
    revision: Revision
    updated_at: UpdatedAt


IDENTITY: Final = columns_of(WindowRow)
SUMS: Final = columns_of(KitchenSums)[len(IDENTITY) :]
PERFORMANCE: Final = columns_of(PerformanceRow)
COVERAGE: Final = columns_of(CoverageRow)
RECEPTION: Final = columns_of(ReceptionRow)
CLINIC_COVERAGE: Final = columns_of(ClinicCoverageRow)
VERSION: Final = PERFORMANCE[-2:]
PERCENTILES: Final = tuple(one for one in PERFORMANCE if one.name.startswith("cook_to_receive"))
VIEWS: Final[dict[View, tuple[Column, ...]]] = {
    "performance": PERFORMANCE,
    "coverage": COVERAGE,
    "reception": RECEPTION,
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

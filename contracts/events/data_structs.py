"""`data` of each event type of section 2 of the public contract.

Strings that are times stay as written, because `data` is compared as JSON values. An optional field that is absent
is `UNSET`; null is refused.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Text = Annotated[str, Meta(min_length=1, max_length=100)]
Note = Annotated[str, Meta(max_length=500)]
# \Z, not $: that would let a newline follow.
Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Rfc3339 = Annotated[str, "RFC 3339"]
Names = Annotated[list[Text], Meta(max_length=100)]
Portions = Annotated[int, Meta(ge=1, le=100_000)]
Celsius = Annotated[float, Meta(ge=-60, le=150)]
Sex = Literal["m", "f"]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Inpatients = Annotated[int, Meta(ge=0, le=10_000)]
People = Annotated[int, Meta(ge=1, le=10_000)]
Grams = Annotated[int, Meta(ge=0, le=10_000_000)]
Package = Literal["fresh", "dry", "bundle"]
Syndrome = Literal["foodborne", "diarrhoea", "other"]
Group = Literal["paud", "sd", "smp", "sma", "santri", "guru", "bumil", "busui", "balita"]
Point = Literal["chiller", "freezer", "hot_holding"]
RefusalReason = Literal[
    "short",
    "late",
    "damaged",
    "spoiled",
    "smell",
    "foreign_object",
    "temperature",
    "wrong_menu",
    "other",
]

HEX32_FIELDS: Final = frozenset({"child", "mother", "patient"})
"""Fields of `data` that hold a pseudonym."""


class Data(Struct, gc=False, forbid_unknown_fields=True):
    """What all `data` share: a field that the type does not have is refused."""


class IngredientReceivedData(Data):
    """A lot of food has come to the kitchen. `made_at` is RFC 3339."""

    item: Text
    lot: Text
    supplier: Text
    ready_to_eat: bool
    made_at: Rfc3339 | UnsetType = UNSET
    temp_c: Celsius | UnsetType = UNSET


class CookingFinishedData(Data):
    """A batch is cooked, of the `lots` named."""

    batch: Text
    portions: Portions
    core_temp_c: Celsius
    lots: Names | UnsetType = UNSET


class DispatchDepartedData(Data):
    """A trip has left the kitchen."""

    trip: Text
    batches: Names
    portions: Portions


class DeliveryReceivedData(Data):
    """A recipient has received portions. `cooked_at` is RFC 3339; food that is not fresh may have none.

    An absent `package` is fresh.
    """

    trip: Text
    batch: Text
    portions: Count
    temp_c: Celsius
    package: Package | UnsetType = UNSET
    cooked_at: Rfc3339 | UnsetType = UNSET


class MealEatenData(Data):
    """What was eaten, by group (an empty map: nobody ate), and left over, grams."""

    eaten: dict[Group, Count]
    leftover_g: Grams


class TemperatureMeasuredData(Data):
    """One reading of a cold or hot store, degrees Celsius."""

    point: Point
    temp_c: Celsius
    sensor: Text | UnsetType = UNSET


class FoodTestedData(Data):
    """One test of a batch."""

    batch: Text
    test: Literal["organoleptic", "nitrite", "formalin", "arsenic", "cyanide", "other"]
    passed: bool


class IncidentReportedData(Data):
    """Something went wrong."""

    kind: Literal["contamination", "injury", "equipment", "supply", "transport", "other"]
    severity: Annotated[int, Meta(ge=1, le=3)]
    note: Note


class GrowthMeasuredData(Data):
    """One measurement of a child."""

    child: Hex32
    sex: Sex
    age_days: Annotated[int, Meta(ge=0, le=1856)]
    weight_kg: Annotated[float, Meta(ge=0.3, le=60)]
    height_cm: Annotated[float, Meta(ge=30, le=150)]
    posture: Literal["lying", "standing"]


class ImmunizationGivenData(Data):
    """One dose."""

    child: Hex32
    antigen: Text
    dose: Annotated[int, Meta(ge=1, le=20)]


class AntenatalVisitedData(Data):
    """One visit of a mother; haemoglobin in g/dL."""

    mother: Hex32
    visit: Annotated[int, Meta(ge=1, le=6)]
    hb_g_dl: Annotated[float, Meta(ge=2, le=25)] | UnsetType = UNSET


class CaseReportedData(Data):
    """One patient. `onset` and `ate_at` are RFC 3339."""

    patient: Hex32
    age_years: Annotated[int, Meta(ge=0, le=120)]
    sex: Sex
    syndrome: Syndrome
    symptoms: Names
    onset: Rfc3339
    outcome: Literal["outpatient", "inpatient", "died"]
    ate_at: Rfc3339 | UnsetType = UNSET


class CasesCountedData(Data):
    """A tally of patients since `since` (RFC 3339); a newer count of the same people supersedes it."""

    syndrome: Syndrome
    cases: People
    inpatients: Inpatients
    since: Rfc3339


class DeliveryCheckedData(Data):
    """What a recipient took of a delivery of `kitchen`, refused of it, and found by the senses."""

    kitchen: Text
    portions: Count
    refused: Count
    reasons: Annotated[list[RefusalReason], Meta(max_length=100)]
    senses_passed: bool
    trip: Text | UnsetType = UNSET
    temp_c: Celsius | UnsetType = UNSET


class AttendanceReportedData(Data):
    """Who is present today, by group, and how many are absent because they are ill."""

    present: dict[Group, Count]
    absent_ill: Count


class ServiceDeclinedData(Data):
    """The groups (empty: all) that are not to be served on the local day of `time`."""

    groups: Annotated[list[Group], Meta(max_length=100)]
    reason: Literal["exam", "holiday", "trip", "closed", "refused", "other"]


class IllnessNoticedData(Data):
    """People who fell ill since `since` (RFC 3339)."""

    ill: People
    since: Rfc3339
    symptoms: Names


class HeartbeatData(Data):
    """The device is alive and has `outbox` events waiting."""

    outbox: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    version: Text
    battery_pct: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET


class RetractedData(Data):
    """Why the event named by `supersedes` is taken back."""

    reason: Text

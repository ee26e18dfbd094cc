"""The events of section 2 of the public contract: one struct a type, each with its `data`.

A struct is what the hot path works on: plain slots, no garbage collector bookkeeping. Strings that
are times stay as written, because `data` is compared as JSON values;
`time` and `receivedtime` are also given as epoch milliseconds, and `source` taken apart, by
`contracts.events.decode`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, NamedTuple, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, field

MAX_EVENT_BYTES: Final = 65_536
"""Greatest event, bytes, without the `receivedtime` that ingest adds."""

Text = Annotated[str, Meta(min_length=1, max_length=100)]
Note = Annotated[str, Meta(max_length=500)]
# \Z, not $: that would let a newline follow.
Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Rfc3339 = Annotated[str, "RFC 3339"]
Names = Annotated[list[Text], Meta(max_length=100)]
Portions = Annotated[int, Meta(ge=1, le=100_000)]
PortionsOrNone = Annotated[int, Meta(ge=0, le=100_000)]
Celsius = Annotated[float, Meta(ge=-60, le=150)]
Sex = Literal["m", "f"]
Group = Literal["paud", "sd", "smp", "sma", "santri", "guru", "bumil", "busui", "balita"]
Point = Literal["chiller", "freezer", "hot_holding"]

HEX32_FIELDS: Final = frozenset({"child", "mother", "patient"})
"""Fields of `data` that hold a pseudonym."""


class Data(Struct, gc=False, forbid_unknown_fields=True):
    """What an event says. An optional field that is absent is `UNSET`; null is refused."""


class CookingFinishedData(Data):
    """A batch is cooked."""

    batch: Text
    portions: Portions
    core_temp_c: Celsius


class DispatchDepartedData(Data):
    """A trip has left the kitchen."""

    trip: Text
    batches: Names
    portions: Portions


class DeliveryReceivedData(Data):
    """A recipient has received portions. `cooked_at` is RFC 3339."""

    trip: Text
    batch: Text
    portions: PortionsOrNone
    temp_c: Celsius
    cooked_at: Rfc3339


class MealEatenData(Data):
    """What was eaten, by group (an empty map: nobody ate), and left over, grams."""

    eaten: dict[Group, PortionsOrNone]
    leftover_g: Annotated[int, Meta(ge=0, le=10_000_000)]


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
    syndrome: Literal["foodborne", "diarrhoea", "other"]
    symptoms: Names
    onset: Rfc3339
    outcome: Literal["outpatient", "inpatient", "died"]
    ate_at: Rfc3339 | UnsetType = UNSET


class HeartbeatData(Data):
    """The device is alive and has `outbox` events waiting."""

    outbox: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    version: Text
    battery_pct: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET


class RetractedData(Data):
    """Why the event named by `supersedes` is taken back."""

    reason: Text


class Origin(NamedTuple):
    """`source` taken apart."""

    region: str
    kind: str
    unit_id: str


NO_ORIGIN: Final = Origin("", "", "")


class Envelope(Struct, gc=False, kw_only=True, tag_field="type"):
    """CloudEvents attributes that Pantau interprets. A null attribute counts as absent, as
    CloudEvents says.

    `time_ms`, `received_ms` (None where no `receivedtime` is stamped) and `origin` are derived by
    `contracts.events.decode`. Their names in JSON are none that
    CloudEvents allows for an attribute, and what a line says there is overwritten.
    """

    KIND: ClassVar[str | None] = None
    """Kind of unit that the type comes from; None: both."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    time: str
    subject: Text | None = None
    supersedes: Text | None = None
    recordedtime: str | None = None
    receivedtime: str | None = None
    time_ms: int = field(default=0, name="pantau.time_ms")
    received_ms: int | None = field(default=None, name="pantau.received_ms")
    origin: Origin = field(default=NO_ORIGIN, name="pantau.origin")


class Own(Envelope, kw_only=True):
    """An event without a recipient: it has no `subject`."""

    subject: None = None


class CookingFinished(Own, tag="sppg.cooking.finished", kw_only=True):
    """A kitchen has cooked a batch."""

    KIND = "sppg"
    data: CookingFinishedData


class DispatchDeparted(Own, tag="sppg.dispatch.departed", kw_only=True):
    """A trip has left a kitchen."""

    KIND = "sppg"
    data: DispatchDepartedData


class DeliveryReceived(Envelope, tag="sppg.delivery.received", kw_only=True):
    """`subject` has received a delivery."""

    KIND = "sppg"
    subject: Text
    data: DeliveryReceivedData


class MealEaten(Envelope, tag="sppg.meal.eaten", kw_only=True):
    """What was eaten at `subject`."""

    KIND = "sppg"
    subject: Text
    data: MealEatenData


class TemperatureMeasured(Own, tag="sppg.temperature.measured", kw_only=True):
    """A kitchen's sensor was read."""

    KIND = "sppg"
    data: TemperatureMeasuredData


class FoodTested(Own, tag="sppg.food.tested", kw_only=True):
    """A kitchen has tested a batch."""

    KIND = "sppg"
    data: FoodTestedData


class IncidentReported(Envelope, tag="sppg.incident.reported", kw_only=True):
    """A kitchen reports an incident, perhaps at `subject`."""

    KIND = "sppg"
    data: IncidentReportedData


class GrowthMeasured(Own, tag="clinic.growth.measured", kw_only=True):
    """A clinic has measured a child."""

    KIND = "clinic"
    data: GrowthMeasuredData


class ImmunizationGiven(Own, tag="clinic.immunization.given", kw_only=True):
    """A clinic has given a dose."""

    KIND = "clinic"
    data: ImmunizationGivenData


class AntenatalVisited(Own, tag="clinic.antenatal.visited", kw_only=True):
    """A clinic has seen a mother."""

    KIND = "clinic"
    data: AntenatalVisitedData


class CaseReported(Envelope, tag="clinic.case.reported", kw_only=True):
    """A clinic reports a patient, perhaps of `subject`."""

    KIND = "clinic"
    data: CaseReportedData


class Heartbeat(Own, tag="unit.heartbeat", kw_only=True):
    """A unit is alive."""

    data: HeartbeatData


class Retracted(Own, tag="event.retracted", kw_only=True):
    """`supersedes` is taken back."""

    supersedes: Text
    data: RetractedData


Event = (
    CookingFinished
    | DispatchDeparted
    | DeliveryReceived
    | MealEaten
    | TemperatureMeasured
    | FoodTested
    | IncidentReported
    | GrowthMeasured
    | ImmunizationGiven
    | AntenatalVisited
    | CaseReported
    | Heartbeat
    | Retracted
)
"""Any event. `type(event)` tells which; `TYPE_OF[type(event)]` is its name."""

CLASSES: Final[tuple[type[Event], ...]] = get_args(Event)
TYPE_OF: Final[dict[type[Event], str]] = {cls: str(cls.__struct_config__.tag) for cls in CLASSES}
TYPES: Final = {name: cls for cls, name in TYPE_OF.items()}
COUNTED: Final = tuple(cls for cls in CLASSES if cls not in (Heartbeat, Retracted))
"""Types that put rows into windows."""

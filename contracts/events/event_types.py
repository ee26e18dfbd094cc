"""The events of section 2 of the public contract: one struct a type, each with its `data`.

A struct is what the hot path works on: plain slots, no garbage collector bookkeeping.
`time` and `receivedtime` are also given as epoch milliseconds, and `source` taken apart, by
`contracts.events.decode`.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, NamedTuple, get_args

from msgspec import Struct, field

from contracts.events.data_structs import (
    AntenatalVisitedData,
    AttendanceReportedData,
    CaseReportedData,
    CasesCountedData,
    CookingFinishedData,
    DeliveryCheckedData,
    DeliveryReceivedData,
    DispatchDepartedData,
    FoodTestedData,
    GrowthMeasuredData,
    HeartbeatData,
    IllnessNoticedData,
    ImmunizationGivenData,
    IncidentReportedData,
    IngredientReceivedData,
    MealEatenData,
    RetractedData,
    ServiceDeclinedData,
    TemperatureMeasuredData,
    Text,
)

MAX_EVENT_BYTES: Final = 65_536
"""Greatest event, bytes, without the `receivedtime` that ingest adds."""


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
    """Kind of source that the type comes from; None: all."""

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


class CasesCounted(Envelope, tag="clinic.cases.counted", kw_only=True):
    """A clinic has counted patients, perhaps of `subject`."""

    KIND = "clinic"
    data: CasesCountedData


class IngredientReceived(Own, tag="sppg.ingredient.received", kw_only=True):
    """A kitchen has received a lot of food."""

    KIND = "sppg"
    data: IngredientReceivedData


class DeliveryChecked(Own, tag="recipient.delivery.checked", kw_only=True):
    """A recipient has checked a delivery."""

    KIND = "recipient"
    data: DeliveryCheckedData


class MealConfirmed(Own, tag="recipient.meal.eaten", kw_only=True):
    """What a recipient's people have eaten, in its own words."""

    KIND = "recipient"
    data: MealEatenData


class AttendanceReported(Own, tag="recipient.attendance.reported", kw_only=True):
    """A recipient reports who is there on the local day of `time`."""

    KIND = "recipient"
    data: AttendanceReportedData


class ServiceDeclined(Own, tag="recipient.service.declined", kw_only=True):
    """A recipient is not to be served on the local day of `time`."""

    KIND = "recipient"
    data: ServiceDeclinedData


class IllnessNoticed(Own, tag="recipient.illness.noticed", kw_only=True):
    """A recipient has noticed ill people."""

    KIND = "recipient"
    data: IllnessNoticedData


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
    | IngredientReceived
    | CasesCounted
    | DeliveryChecked
    | MealConfirmed
    | AttendanceReported
    | ServiceDeclined
    | IllnessNoticed
)
"""Any event. `type(event)` is its class; `TYPE_OF[type(event)]` is its name. New types go to the end: facts hold a type's place."""

CLASSES: Final[tuple[type[Event], ...]] = get_args(Event)
TYPE_OF: Final[dict[type[Event], str]] = {cls: str(cls.__struct_config__.tag) for cls in CLASSES}
TYPES: Final = {name: cls for cls, name in TYPE_OF.items()}
COUNTED: Final = tuple(cls for cls in CLASSES if cls not in (Heartbeat, Retracted))
"""Types that put rows into windows."""

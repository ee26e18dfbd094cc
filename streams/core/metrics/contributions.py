"""What an event adds to the pane it falls in: taken from the event once (`payload_of`), then added and
taken away as often as corrections want.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.events.event_types import (
    CLASSES,
    AntenatalVisited,
    CaseReported,
    CookingFinished,
    DeliveryReceived,
    DispatchDeparted,
    Event,
    FoodTested,
    GrowthMeasured,
    Heartbeat,
    ImmunizationGiven,
    IncidentReported,
    MealEaten,
    Retracted,
    TemperatureMeasured,
)
from contracts.registry.entities import Recipient, Thresholds
from contracts.time.instant import epoch_ms
from contracts.time.windows import ALL_GROUPS
from streams.core.history.facts import Fact
from streams.core.metrics import growth_standards
from streams.core.metrics.parts import ONE, ClinicPart, Eaten, KitchenPart, count_into

KIND_OF: Final[dict[type[Event], int]] = {cls: index for index, cls in enumerate(CLASSES)}
"""Number of an event type in facts. The order of `contracts.events.event_types.CLASSES` must not change: facts are kept by it."""

RETRACTED: Final = KIND_OF[Retracted]
UNCOUNTED: Final = frozenset({KIND_OF[Heartbeat], RETRACTED})
"""Kinds that put no row into any window."""

_COOKED: Final = KIND_OF[CookingFinished]
_DISPATCHED: Final = KIND_OF[DispatchDeparted]
_RECEIVED: Final = KIND_OF[DeliveryReceived]
EATEN: Final = KIND_OF[MealEaten]
_TEMPERATURE: Final = KIND_OF[TemperatureMeasured]
_TESTED: Final = KIND_OF[FoodTested]
_INCIDENT: Final = KIND_OF[IncidentReported]
_GROWTH: Final = KIND_OF[GrowthMeasured]
_IMMUNIZED: Final = KIND_OF[ImmunizationGiven]
_ANTENATAL: Final = KIND_OF[AntenatalVisited]
_CASE: Final = KIND_OF[CaseReported]

_ANAEMIC_BELOW_G_DL: Final = 11.0
_MINUTE_MS: Final = 60_000
_OVER_4H_MIN: Final = 240
_OVER_6H_MIN: Final = 360

_EVENT: Final = ONE["events"]
_READING: Final = _EVENT + ONE["temp_readings"]
_READING_IN_RANGE: Final = _READING + ONE["temp_in_range"]
_DELIVERY: Final = _EVENT + ONE["deliveries"]
_DELIVERY_ON_TIME: Final = _DELIVERY + ONE["deliveries_on_time"]
_OVER_4H: Final = ONE["deliveries_over_4h"]
_OVER_6H: Final = ONE["deliveries_over_6h"]
_TEST: Final = _EVENT + ONE["tests"]
_FAILED_TEST: Final = _TEST + ONE["tests_failed"]
_INCIDENTS: Final = _EVENT + ONE["incidents"]
_PORTION_COOKED: Final = ONE["portions_cooked"]
_PORTION_DISPATCHED: Final = ONE["portions_dispatched"]
_PORTION_RECEIVED: Final = ONE["portions_received"]
_PORTION_EATEN: Final = ONE["portions_eaten"]
_GRAM_LEFT: Final = ONE["leftover_g"]


def in_range(point: str, celsius: float, limits: Thresholds) -> bool:
    """Whether a reading of chiller, freezer or hot_holding is where food is safe (degrees Celsius)."""
    if point == "chiller":
        return limits.chiller_min_c <= celsius <= limits.chiller_max_c
    if point == "freezer":
        return celsius <= limits.freezer_max_c
    return celsius >= limits.hot_holding_min_c


def payload_of(
    event: Event, kind: int, recipient: Recipient | None, ms_of_day: int, limits: Thresholds
) -> Any:
    """What must be kept of the event beside its time. `recipient`: the row of `subject` in force; `ms_of_day`: of `time`, local."""
    data: Any = event.data
    if kind == _TEMPERATURE:
        return in_range(data.point, data.temp_c, limits)
    if kind == _RECEIVED:
        minutes = (event.time_ms - epoch_ms(data.cooked_at)) // _MINUTE_MS
        on_time = recipient is not None and ms_of_day <= recipient.meal_time * _MINUTE_MS
        return (data.portions, minutes, on_time)
    if kind == EATEN:
        return (event.subject, data.leftover_g, data.eaten)
    if kind in (_COOKED, _DISPATCHED):
        return data.portions
    if kind == _TESTED:
        return data.passed
    return _clinic_payload(data, kind)


def _clinic_payload(data: Any, kind: int) -> Any:
    if kind == _GROWTH:
        flags = growth_standards.flags(
            data.sex, data.age_days, data.weight_kg, data.height_cm, data.posture
        )
        return (data.child, flags)
    if kind == _IMMUNIZED:
        return data.child
    if kind == _ANTENATAL:
        return (data.mother, isinstance(data.hb_g_dl, float) and data.hb_g_dl < _ANAEMIC_BELOW_G_DL)
    if kind == _CASE:
        return data.syndrome == "foodborne"
    return None


def add_kitchen(part: KitchenPart, fact: Fact, sign: int) -> None:
    """Adds (1) or takes away (-1) a kitchen's counting fact."""
    kind, payload = fact.kind, fact.payload
    if kind == _TEMPERATURE:  # half of all events
        part.lanes += sign * (_READING_IN_RANGE if payload else _READING)
        return
    part.lanes += sign * _lanes(kind, payload)
    if kind == _RECEIVED:
        part.put(payload[1:2], sign)


def _lanes(kind: int, payload: Any) -> int:
    """What an event other than a reading adds to the additive metrics (`KitchenPart.lanes`)."""
    lanes: int = _EVENT
    if kind == _RECEIVED:
        portions, minutes, on_time = payload
        lanes = (_DELIVERY_ON_TIME if on_time else _DELIVERY) + portions * _PORTION_RECEIVED
        if minutes > _OVER_4H_MIN:
            lanes += _OVER_4H + (minutes > _OVER_6H_MIN) * _OVER_6H
    elif kind == EATEN:
        _, leftover, eaten = payload
        lanes += leftover * _GRAM_LEFT + sum(eaten.values()) * _PORTION_EATEN
    elif kind == _COOKED:
        lanes += payload * _PORTION_COOKED
    elif kind == _DISPATCHED:
        lanes += payload * _PORTION_DISPATCHED
    elif kind == _TESTED:
        lanes = _TEST if payload else _FAILED_TEST
    elif kind == _INCIDENT:
        lanes = _INCIDENTS
    return lanes


def add_coverage(eaten: Eaten, fact: Fact, sign: int) -> None:
    """Adds or takes away what a fact of kind `EATEN` says; `sign` 0 only leaves that it was reported on."""
    recipient, _, portions_of = fact.payload
    total = 0
    for group, portions in portions_of.items():
        _put(eaten, group, recipient, sign * portions)
        total += portions
    _put(eaten, ALL_GROUPS, recipient, sign * total)


def _put(eaten: Eaten, group: str, recipient: str, portions: int) -> None:
    recipients = eaten.get(group)
    if recipients is None:
        recipients = eaten[group] = {}
    recipients[recipient] = recipients.get(recipient, 0) + portions


def add_clinic(part: ClinicPart, fact: Fact, source: str, sign: int) -> None:
    """Adds or takes away a clinic's counting fact; `source` is the clinic's."""
    kind, payload = fact.kind, fact.payload
    if kind == _GROWTH:
        child, flags = payload
        part.measure(child, (fact.time, source, fact.id, flags), sign)
    elif kind == _IMMUNIZED:
        count_into(part.immunized, payload, sign)
        part.doses += sign
    elif kind == _ANTENATAL:
        mother, anaemic = payload
        count_into(part.mothers, mother, sign)
        if anaemic:
            count_into(part.anaemic, mother, sign)
    elif kind == _CASE:
        part.cases += sign * payload

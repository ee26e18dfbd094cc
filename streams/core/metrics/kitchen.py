"""Performance of kitchens: what each of their events adds to the additive metrics and to the minutes to receipt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from msgspec import UNSET

from contracts.events.event_types import (
    CookingFinished,
    DeliveryReceived,
    DispatchDeparted,
    FoodTested,
    IncidentReported,
    IngredientReceived,
    MealEaten,
    TemperatureMeasured,
)
from contracts.registry.entities import Recipient, Thresholds
from contracts.time.instant import epoch_ms
from streams.core.history.event_kinds import KIND_OF
from streams.core.history.facts import Fact
from streams.core.metrics.lanes import ONE, move_out, packed, unpacked

_MINUTE_MS: Final = 60_000
_OVER_4H_MIN: Final = 240
_OVER_6H_MIN: Final = 360

_DELIVERY: Final = KIND_OF[DeliveryReceived]
_TEMPERATURE: Final = KIND_OF[TemperatureMeasured]

_ONE_EVENT: Final = ONE["events"]
_ONE_READING: Final = _ONE_EVENT + ONE["temp_readings"]
_ONE_READING_IN_RANGE: Final = _ONE_READING + ONE["temp_in_range"]
_ONE_DELIVERY: Final = _ONE_EVENT + ONE["deliveries"]
_ONE_DELIVERY_ON_TIME: Final = _ONE_DELIVERY + ONE["deliveries_on_time"]
_ONE_TEST: Final = _ONE_EVENT + ONE["tests"]
_ONE_FAILED_TEST: Final = _ONE_TEST + ONE["tests_failed"]
_ONE_INCIDENT: Final = _ONE_EVENT + ONE["incidents"]
_ONE_OVER_4H: Final = ONE["deliveries_over_4h"]
_ONE_OVER_6H: Final = ONE["deliveries_over_6h"]
_ONE_PORTION_COOKED: Final = ONE["portions_cooked"]
_ONE_PORTION_DISPATCHED: Final = ONE["portions_dispatched"]
_ONE_PORTION_RECEIVED: Final = ONE["portions_received"]
_ONE_PORTION_EATEN: Final = ONE["portions_eaten"]
_ONE_GRAM_LEFT: Final = ONE["leftover_g"]


class KitchenSum:
    """Additive metrics, and the minutes from cooking to receipt of each fresh delivery, in any order.

    `lanes`: see `lanes.ONE`. `missing`: minutes that were taken away and were not there; they wait to be added to
    a sum that holds them. None instead of an empty list: there are hundreds of thousands of these sums.
    """

    __slots__ = ("lanes", "minutes", "missing")
    invertible: ClassVar = True

    def __init__(self, lanes: int = 0, minutes: list[int] | None = None) -> None:
        self.lanes = lanes
        self.minutes = minutes if minutes is not None else []
        self.missing: list[int] | None = None

    @staticmethod
    def of(sums: Sequence[int], minutes: list[int]) -> KitchenSum:
        """A sum with the given additive metrics, in the order of `lanes.SUM_INDEX`."""
        return KitchenSum(packed(sums), minutes)

    @property
    def sums(self) -> tuple[int, ...]:
        """The additive metrics in the order of `lanes.SUM_INDEX`; not of a difference."""
        return unpacked(self.lanes)

    def add(self, other: KitchenSum, sign: int = 1) -> None:
        """See `PaneSum`."""
        more: list[int] | None
        less: list[int] | None
        if sign > 0:
            self.lanes += other.lanes
            more, less = other.minutes, other.missing
        else:
            self.lanes -= other.lanes
            more, less = other.missing, other.minutes
        if more:
            self.put(more, 1)
        if less:
            self.put(less, -1)

    def put(self, minutes: Sequence[int], sign: int) -> None:
        """Adds the minutes of deliveries (`sign` 1) or takes them away (-1)."""
        if sign > 0:
            if self.missing:
                move_out(minutes, self.missing, self.minutes)
            else:
                self.minutes += minutes
        else:
            if self.missing is None:
                self.missing = []
            move_out(minutes, self.minutes, self.missing)

    def add_fact(self, fact: Fact, sign: int) -> None:
        """Adds a kitchen's fact (`sign` 1) or takes it away (-1)."""
        kind, payload = fact.kind, fact.payload
        if kind == _TEMPERATURE:  # half of all events: no look-up
            self.lanes += sign * (_ONE_READING_IN_RANGE if payload else _ONE_READING)
            return
        self.lanes += sign * _LANES_OF[kind](payload)
        if kind == _DELIVERY and payload[1] is not None:
            self.put(payload[1:2], sign)

    def add_facts(self, facts: list[Fact]) -> None:
        """Adds many facts, as `add_fact` does each."""
        lanes, minutes = 0, []
        for fact in facts:
            kind, payload = fact.kind, fact.payload
            if kind == _TEMPERATURE:
                lanes += _ONE_READING_IN_RANGE if payload else _ONE_READING
            else:
                lanes += _LANES_OF[kind](payload)
                if kind == _DELIVERY and payload[1] is not None:
                    minutes.append(payload[1])
        self.lanes += lanes
        self.put(minutes, 1)


# --- what is stored of an event (`Fact.payload`) -------------------------------------------------------------------------


def _reading(
    event: TemperatureMeasured, _recipient: Recipient | None, _ms: int, limits: Thresholds
) -> bool:
    """Whether a reading of chiller, freezer or hot_holding is where food is safe."""
    point, celsius = event.data.point, event.data.temp_c
    if point == "chiller":
        return limits.chiller_min_c <= celsius <= limits.chiller_max_c
    if point == "freezer":
        return celsius <= limits.freezer_max_c
    return celsius >= limits.hot_holding_min_c


def _delivery(
    event: DeliveryReceived, recipient: Recipient | None, ms_of_day: int, _limits: Thresholds
) -> tuple[int, int | None, bool]:
    cooked_at = event.data.cooked_at
    minutes = None
    # Packs that keep have no minutes: they are made days before.
    if cooked_at is not UNSET and event.data.package in (UNSET, "fresh"):
        minutes = (event.time_ms - epoch_ms(cooked_at)) // _MINUTE_MS
    on_time = recipient is not None and ms_of_day <= recipient.meal_time * _MINUTE_MS
    return (event.data.portions, minutes, on_time)


def _meal(event: MealEaten, *_: Any) -> tuple[str, int, dict[Any, int]]:
    return (event.subject, event.data.leftover_g, event.data.eaten)


def _portions(event: CookingFinished | DispatchDeparted, *_: Any) -> int:
    return event.data.portions


def _test(event: FoodTested, *_: Any) -> bool:
    return event.data.passed


PAYLOADS: Final[dict[Any, Callable[..., Any]]] = {
    TemperatureMeasured: _reading,
    DeliveryReceived: _delivery,
    MealEaten: _meal,
    CookingFinished: _portions,
    DispatchDeparted: _portions,
    FoodTested: _test,
}
"""See `payloads.PAYLOAD_OF`."""


# --- what the payload adds to the additive metrics ------------------------------------------------------------------------


def _delivery_lanes(payload: tuple[int, int | None, bool]) -> int:
    portions, minutes, on_time = payload
    lanes: int = _ONE_DELIVERY_ON_TIME if on_time else _ONE_DELIVERY
    if minutes is not None and minutes > _OVER_4H_MIN:
        lanes += _ONE_OVER_4H + (minutes > _OVER_6H_MIN) * _ONE_OVER_6H
    return lanes + portions * _ONE_PORTION_RECEIVED


def _meal_lanes(payload: tuple[str, int, dict[str, int]]) -> int:
    _, leftover_g, eaten = payload
    return _ONE_EVENT + leftover_g * _ONE_GRAM_LEFT + sum(eaten.values()) * _ONE_PORTION_EATEN


_LANES_OF: Final[dict[int, Callable[[Any], int]]] = {
    _DELIVERY: _delivery_lanes,
    KIND_OF[MealEaten]: _meal_lanes,
    KIND_OF[CookingFinished]: lambda portions: _ONE_EVENT + portions * _ONE_PORTION_COOKED,
    KIND_OF[DispatchDeparted]: lambda portions: _ONE_EVENT + portions * _ONE_PORTION_DISPATCHED,
    KIND_OF[FoodTested]: lambda passed: _ONE_TEST if passed else _ONE_FAILED_TEST,
    KIND_OF[IncidentReported]: lambda _: _ONE_INCIDENT,
    KIND_OF[IngredientReceived]: lambda _: _ONE_EVENT,
}

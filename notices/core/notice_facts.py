"""What the evidence of an alert says in a message: one clause a kind, of numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.people import NoticeRole
from contracts.time.instant import BadInstantError, epoch_ms
from notices.core import notice_words as words
from notices.core.region_places import RegionPlaces

FEWEST: Final = 5
"""Fewer ill people than this are shown to the health office alone."""


def time_of_day(places: RegionPlaces, moment: object) -> str:
    """HH.MM of an RFC 3339 moment, local; `?` for what is none."""
    try:
        minute = places.zone.minute_of_day(epoch_ms(str(moment)))
    except BadInstantError:
        return "?"
    return f"{minute // 60:02d}.{minute % 60:02d}"


def fact_of(role: NoticeRole, places: RegionPlaces, kind: str, evidence: Mapping[str, Any]) -> str:
    """One clause; nothing if the evidence is not of the shape that the kind gives it."""
    try:
        return _FACTS[kind](role, places, evidence)
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return f"{value:,.0f}".replace(",", ".")


def _ill(role: NoticeRole, value: object) -> str:
    """A count of ill people; few are for the health office alone."""
    shown = _number(value)
    if role != "health" and isinstance(value, int | float) and 0 < value < FEWEST:
        return words.FEW.format(fewest=FEWEST)
    return shown


def _degrees(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return f"{value:.1f}".replace(".", ",")


def _late(_role: NoticeRole, places: RegionPlaces, found: Mapping[str, Any]) -> str:
    time = time_of_day(places, found["meal_time"])
    return words.FACT["late"].format(registered=_number(found["registered"]), meal_time=time)


def _silent(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    silent, watched = _number(found["units_silent"]), _number(found["units_watched"])
    return words.FACT["network"].format(silent=silent, watched=watched)


def _capacity(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    portions, capacity = _number(found["portions"]), _number(found["rule"]["capacity"])
    return words.FACT["capacity"].format(portions=portions, capacity=capacity)


def _temperature(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    lowest, highest = _degrees(found["lowest_c"]), _degrees(found["highest_c"])
    return words.FACT["temperature"].format(lowest=lowest, highest=highest)


def _old(role: NoticeRole, places: RegionPlaces, found: Mapping[str, Any]) -> str:
    if "minutes" in found:
        return _plain("minutes", "minutes", "portions")(role, places, found)
    return words.FACT["old"].format(recipients=_number(len(found["recipients"])))


def _unsafe(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    recipients, portions = _number(len(found["recipients"])), _number(found["portions"])
    return words.FACT["unsafe"].format(recipients=recipients, portions=portions)


def _illness(role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    ill, absent_ill = _ill(role, found["ill"]), _ill(role, found["absent_ill"])
    return words.FACT["illness"].format(ill=ill, absent_ill=absent_ill)


def _certificate(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    until = found["valid_until"]
    if until is None:
        return words.FACT["no_certificate"]
    return words.FACT["certificate"].format(until=str(until)[:10])


def _cluster(role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
    recipients = sum(1 for one in found["attack_by_recipient"].values() if one["ill"])
    people = _ill(role, found["people"])
    return words.FACT["cluster"].format(people=people, recipients=_number(recipients))


_Fact = Callable[[NoticeRole, RegionPlaces, Mapping[str, Any]], str]


def _plain(form: str, *names: str) -> _Fact:
    """Numbers of the evidence as they are."""

    def fact(_role: NoticeRole, _places: RegionPlaces, found: Mapping[str, Any]) -> str:
        return words.FACT[form].format(**{name: _number(found[name]) for name in names})

    return fact


_FACTS: Final[Mapping[str, _Fact]] = {
    "delivery_late": _late,
    "shortfall": _plain("short", "received", "registered"),
    "over_4h": _plain("minutes", "minutes", "portions"),
    "unsafe_batch": _unsafe,
    "over_capacity": _capacity,
    "temperature": _temperature,
    "unit_silent": _silent,
    "old_food": _old,
    "food_refused": _plain("refused", "refused"),
    "illness_reported": _illness,
    "certificate": _certificate,
    "foodborne_cluster": _cluster,
    "hold": _plain("stopped", "confirmed_count", "recipient_count"),
}

"""A recipient's day at the door: what it takes and refuses, who is present, what is eaten, and when it declines meals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.registry.entities import Unit
from producers.simulator.events.event_lines import URGENT, DeviceEvent, Pen
from producers.simulator.plan.kitchens import Stop, Trip, plan
from producers.simulator.world import MINUTE_MS, World

_ATTENDANCE_MIN: Final = (425, 460)
_DECLINES_MIN: Final = (330, 380)
_REFUSES: Final = 0.025
_REASONS: Final = (
    *("temperature", "wrong_menu", "late", "other") * 8,
    *("damaged", "foreign_object"),
)
"""Food that nobody should eat is refused about twice a day in a kabupaten; each time it is an alert of the highest level."""
_FAILS_SENSES: Final = 0.001
_COUNTS_LESS: Final = 0.008
_NOTICES_ILLNESS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Reporter:
    """What a recipient is like, for good. `clock_ms`: what its phone's clock adds to the time (below 0: behind)."""

    reports: bool
    attends: bool
    reports_meals: bool
    late: bool
    clock_ms: int


class Reception(NamedTuple):
    """What a recipient says of a day, in order of making."""

    recipient_id: str
    late: bool
    events: tuple[DeviceEvent, ...]


def reporter(world: World, recipient_id: str) -> Reporter:
    """What the recipient is like. A clock far ahead is refused by ingest: that is meant."""
    dice = world.dice(recipient_id, "reporter")
    reports, attends, meals = dice.random() < 0.85, dice.random() < 0.85, dice.random() < 0.75
    late, chance = dice.random() < 0.06, dice.random()
    minutes = 0
    if chance < 0.003:
        minutes = dice.randint(30, 90)
    elif chance < 0.013:
        minutes = dice.randint(2, 3)
    elif chance < 0.033:
        minutes = -dice.randint(10, 120)
    return Reporter(reports, attends, meals, late, minutes * MINUTE_MS)


def recipients_say(world: World, kitchen: Unit, day: int) -> Iterator[Reception]:
    """What the recipients of a kitchen say of a local day; nothing of those that never report."""
    happened = plan(world, kitchen, day)
    for trip, stop in happened.stops() if happened else ():
        nature = reporter(world, stop.recipient.recipient_id)
        if nature.reports:
            events = _Doorkeeper(world, kitchen, day, nature, stop).work(trip)
            if events:
                yield Reception(stop.recipient.recipient_id, nature.late, tuple(events))


class _Doorkeeper:
    """Whoever takes the food at one recipient on one day."""

    def __init__(self, world: World, kitchen: Unit, day: int, nature: Reporter, stop: Stop) -> None:
        recipient_id = stop.recipient.recipient_id
        self._pen = Pen(world, "recipient", recipient_id, day)
        self._dice = world.dice(recipient_id, day, "door")
        self._midnight_ms = world.midnight_ms(day)
        self._kitchen = kitchen
        self._nature = nature
        self._stop = stop

    def work(self, trip: Trip) -> list[DeviceEvent]:
        """All of the day."""
        if self._stop.portions is None:
            reason = self._dice.choice(("exam", "trip", "closed"))
            data = {"groups": [], "reason": reason}
            self._write("decline", "service.declined", self._morning_ms(_DECLINES_MIN), data)
            return self._pen.events
        if self._nature.attends:
            self._attendance()
        taken = self._check(trip, self._stop.portions)
        if self._nature.reports_meals:
            self._meal(taken)
        if self._dice.random() < _NOTICES_ILLNESS:
            at = self._stop.meal_ms + self._dice.randint(30, 90) * MINUTE_MS
            since = self._pen.world.text(at + self._nature.clock_ms - 20 * MINUTE_MS)
            ill = {"ill": self._dice.randint(1, 2), "since": since, "symptoms": ["pusing"]}
            self._write("ill", "illness.noticed", at, ill)
        self._pen.events.sort(key=lambda event: event.made_ms)
        return self._pen.events

    def _morning_ms(self, minutes: tuple[int, int]) -> int:
        return self._midnight_ms + self._dice.randint(*minutes) * MINUTE_MS

    def _attendance(self) -> None:
        registered = self._stop.registered
        present = {
            group: min(n, max(self._stop.eaten.get(group, 0), round(n * 0.93)))
            for group, n in registered.items()
        }
        absent = sum(registered.values()) - sum(present.values())
        data = {"present": present, "absent_ill": round(absent * self._dice.uniform(0, 0.4))}
        self._write("present", "attendance.reported", self._morning_ms(_ATTENDANCE_MIN), data)

    def _check(self, trip: Trip, portions: int) -> int:
        """What is taken of the delivery."""
        refused, less, reasons = 0, 0, []
        chance, share = self._dice.random(), self._dice.random()
        passed = chance >= _FAILS_SENSES
        if not passed:
            refused, reasons = round(portions * (0.3 + 0.3 * share)), ["smell", "spoiled"]
        elif chance < _REFUSES:
            refused = round(portions * (0.02 + 0.1 * share))
            reasons = [self._dice.choice(_REASONS)]
        elif chance < _REFUSES + _COUNTS_LESS:
            less, reasons = round(portions * (0.11 + 0.1 * share)), ["short"]
        taken = portions - refused - less
        data = {
            "kitchen": self._kitchen.unit_id,
            "trip": trip.name,
            "portions": taken,
            "refused": refused,
            "reasons": reasons,
            "senses_passed": passed,
        }
        at = self._stop.arrives_ms + self._dice.randint(3, 15) * MINUTE_MS
        self._write("check", "delivery.checked", at, data)
        return taken

    def _meal(self, taken: int) -> None:
        eaten: dict[str, int] = {}
        for group, n in self._stop.eaten.items():
            eaten[group] = min(n, taken - sum(eaten.values()))
        data = {"eaten": eaten, "leftover_g": self._stop.leftover_g}
        at = self._stop.meal_ms + self._dice.randint(10, 40) * MINUTE_MS
        self._write("eaten", "meal.eaten", at, data)

    def _write(self, what: str, type_: str, at: int, data: Mapping[str, object]) -> None:
        self._pen.write(what, f"recipient.{type_}", at + self._nature.clock_ms, data, URGENT)
        # The clock that is wrong is the phone's: the event is made when it is made.
        self._pen.events[-1] = self._pen.events[-1]._replace(made_ms=at)

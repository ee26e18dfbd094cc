"""What a kitchen's device says of its day: the plan as events, readings of its stores, slips of the hand and their corrections."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Final

from contracts.registry.entities import Unit
from producers.simulator.events.event_lines import MEAL, ROUTINE, URGENT, DeviceEvent, Pen
from producers.simulator.plan.kitchens import (
    Character,
    CookedBatch,
    KitchenDay,
    Stop,
    Trip,
    character,
    plan,
)
from producers.simulator.world import HOUR_MS, MINUTE_MS, World

_VERSION: Final = "2.3.1"
_COLD: Final = {"chiller": (3.1, 0.5, "ch"), "freezer": (-20.6, 0.6, "fr")}
_HOT: Final = (66.0, 1.6, "hh")
_RAW: Final = ("beras", "ayam potong", "wortel", "tempe")
_READY: Final = ("telur rebus", "susu kotak", "roti", "pisang")
_BUYS_READY: Final = 0.08
_NOTES: Final = (
    ("supply", 1, "Bahan baku datang terlambat"),
    ("equipment", 1, "Kompor nomor dua padam sebentar"),
    ("equipment", 2, "Pemanas makanan mati, diganti cadangan"),
    ("transport", 1, "Jalan ditutup, memutar"),
    ("transport", 2, "Kendaraan mogok"),
    ("injury", 2, "Relawan terkena air panas"),
    ("contamination", 2, "Ditemukan serangga di bahan, dibuang"),
    ("other", 1, "Listrik padam 20 menit"),
)


def kitchen_says(world: World, unit: Unit, day: int) -> list[DeviceEvent]:
    """Everything that the kitchen's device makes of a local day, by the time it has it."""
    pen = Pen(world, "sppg", unit.unit_id, day)
    pen.heartbeats(list(world.beats(unit, day, world.rates.heartbeat_s)), _VERSION)
    happened = plan(world, unit, day)
    if happened is not None:
        dice = world.dice(unit.unit_id, day, "says")
        _Operator(pen, unit.unit_id, character(world, unit.unit_id), dice).enter(happened)
        _readings(pen, unit, day, happened)
    pen.events.sort(key=lambda event: event.made_ms)
    return pen.events


class _Operator:
    """Somebody at the kitchen who types things in, not always right the first time."""

    def __init__(self, pen: Pen, unit_id: str, nature: Character, dice: random.Random) -> None:
        self._pen = pen
        self._unit_id = unit_id
        self._nature = nature
        self._dice = dice

    def enter(self, happened: KitchenDay) -> None:
        """All of the day but the sensors' readings."""
        for batch in happened.batches:
            data: dict[str, object] = {
                "batch": batch.name,
                "portions": batch.portions,
                "core_temp_c": batch.core_temp_c,
                "lots": list(self._lots(batch)),
            }
            self._portions(
                f"cook-{batch.number}",
                "sppg.cooking.finished",
                batch.cooked_ms,
                data,
                batch.portions,
            )
            for test, passed, at in batch.tests:
                what = {"batch": batch.name, "test": test, "passed": passed}
                self._pen.write(f"test-{batch.number}-{test}", "sppg.food.tested", at, what)
        for trip in happened.trips:
            what = {"trip": trip.name, "batches": [trip.batch.name], "portions": trip.portions}
            self._pen.write(f"trip-{trip.name}", "sppg.dispatch.departed", trip.departs_ms, what)
        for number, (trip, stop) in enumerate(happened.stops(), 1):
            if stop.portions is not None:
                self._stop(number, trip, stop, stop.portions)
        self._incident(happened)

    def _lots(self, batch: CookedBatch) -> Iterator[str]:
        """Names of what the batch is made of, as received; now and then something that was bought ready."""
        dice = self._pen.world.dice(self._unit_id, batch.name, "lots")
        items = [(dice.choice(_RAW), False)]
        if dice.random() < _BUYS_READY:
            items.append((dice.choice(_READY), True))
        for number, (item, ready) in enumerate(items, 1):
            at = batch.cooked_ms - dice.randint(60, 100) * MINUTE_MS
            lot = f"L{batch.name}-{number}"
            data: dict[str, object] = {
                "item": item,
                "lot": lot,
                "supplier": f"Pemasok Contoh {dice.randint(1, 12):02d}",
                "ready_to_eat": ready,
            }
            if ready:
                data["made_at"] = self._pen.world.text(at - dice.randint(2, 9) * HOUR_MS)
            self._pen.write(f"lot-{batch.number}-{number}", "sppg.ingredient.received", at, data)
            yield lot

    def _stop(self, number: int, trip: Trip, stop: Stop, portions: int) -> None:
        subject = stop.recipient.recipient_id
        received: dict[str, object] = {
            "trip": trip.name,
            "batch": trip.batch.name,
            "portions": portions,
            "temp_c": stop.temp_c,
        }
        if stop.package == "fresh":
            received["cooked_at"] = self._pen.world.text(trip.batch.cooked_ms)
        else:
            received["package"] = stop.package
        type_ = "sppg.delivery.received"
        id_ = self._portions(f"recv-{number}", type_, stop.arrives_ms, received, portions, subject)
        if self._dice.random() < 0.002:
            # Signed for twice by mistake, then one is taken back.
            again = self._pen.write(
                f"recv-{number}-twice", type_, stop.arrives_ms + 40_000, received, URGENT, subject
            )
            back_ms = stop.arrives_ms + self._dice.randint(10, 90) * MINUTE_MS
            self._pen.retract(again, f"tercatat dua kali, lihat {id_}", back_ms)
        eaten = {"eaten": stop.eaten, "leftover_g": stop.leftover_g}
        self._meal(f"meal-{number}", stop.meal_ms, eaten, subject)

    def _portions(
        self,
        what: str,
        type_: str,
        time_ms: int,
        data: Mapping[str, object],
        right: int,
        subject: str | None = None,
    ) -> str:
        """An event whose portions (`right`) may be typed wrong first, and corrected later."""
        if self._dice.random() >= self._nature.careless:
            return self._pen.write(what, type_, time_ms, data, URGENT, subject)
        slip = max(1, int(right * self._dice.choice((0.1, 0.9, 1.1, 0.5))))
        id_ = self._pen.write(what, type_, time_ms, {**data, "portions": slip}, URGENT, subject)
        made_ms = time_ms + self._dice.randint(15, 150) * MINUTE_MS
        self._pen.correct(id_, type_, time_ms, data, made_ms, URGENT, subject)
        return id_

    def _meal(self, what: str, time_ms: int, data: Mapping[str, object], subject: str) -> None:
        type_ = "sppg.meal.eaten"
        if self._dice.random() >= self._nature.careless:
            self._pen.write(what, type_, time_ms, data, MEAL, subject)
            return
        nobody = {"eaten": {}, "leftover_g": data["leftover_g"]}
        id_ = self._pen.write(what, type_, time_ms, nobody, MEAL, subject)
        made_ms = time_ms + self._dice.randint(10, 70) * MINUTE_MS
        self._pen.correct(id_, type_, time_ms, data, made_ms, MEAL, subject)

    def _incident(self, happened: KitchenDay) -> None:
        if self._dice.random() < 0.012:
            kind, severity, note = self._dice.choice(_NOTES)
            at = happened.batches[0].cooked_ms + self._dice.randint(0, 400) * MINUTE_MS
            data = {"kind": kind, "severity": severity, "note": note}
            self._pen.write("incident", "sppg.incident.reported", at, data)


def _readings(pen: Pen, unit: Unit, day: int, happened: KitchenDay) -> None:
    """Sensors of chiller and freezer while the kitchen is open, of the hot holding while food waits in it."""
    world = pen.world
    dice = world.dice(unit.unit_id, day, "readings")
    nature = character(world, unit.unit_id)
    warm = _warm_spell(dice, nature, happened.batches[0].cooked_ms)
    hot = [
        (batch.cooked_ms, max(trip.departs_ms for trip in happened.trips if trip.batch is batch))
        for batch in happened.batches
        if any(trip.batch is batch for trip in happened.trips)
    ]
    for at in world.beats(unit, day, world.rates.temperature_s):
        for point, (mean, spread, name) in _COLD.items():
            value = dice.gauss(mean, spread)
            if warm is not None and point == "chiller" and warm[0] <= at < warm[1]:
                value += 5.2
            _read(pen, name, point, at, value)
        if any(start <= at <= end for start, end in hot):
            mean, spread, name = _HOT
            _read(pen, name, "hot_holding", at, max(60.4, dice.gauss(mean, spread)))


def _warm_spell(dice: random.Random, nature: Character, cooked_ms: int) -> tuple[int, int] | None:
    """When the chiller is too warm, if it is on this day."""
    if dice.random() >= (0.35 if nature.weak_chiller else 0.006):
        return None
    start = cooked_ms + dice.randint(-60, 420) * MINUTE_MS
    return start, start + dice.randint(45, 150) * MINUTE_MS


def _read(pen: Pen, sensor: str, point: str, at: int, value: float) -> None:
    data = f'{{"point":"{point}","temp_c":{value:.1f},"sensor":"{sensor}-1"}}'
    pen.write_json(f"{sensor}-{at // 1000}", "sppg.temperature.measured", at, data, ROUTINE)

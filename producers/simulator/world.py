"""What a simulated region is made from: its registry, its seed, and the dice, pseudonyms and times that follow from them.

Everything is a function of (seed, region, unit, day): nothing depends on how fast, how often or in which order it is played.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.registry.entities import DayView, Recipient, Registry, Unit, weekday
from contracts.time.days import Zone, day_to_iso, iso_to_day

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
_SUNDAY: Final = 7
_RAMADAN: Final = tuple(
    (iso_to_day(first), iso_to_day(last))
    for first, last in (("2026-02-19", "2026-03-20"), ("2027-02-08", "2027-03-09"))
)
"""First and last day. The second year is reckoned: the ministry's decree may move it by a day."""
_HEX32: Final = 32


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of the region's time between heartbeats, temperature readings, and posts of a device. 0: none at all."""

    heartbeat_s: int = 300
    temperature_s: int = 900
    post_s: int = 600


class Hours(NamedTuple):
    """A stretch of a day in which a unit is open, epoch milliseconds; the end is not part of it."""

    opens_ms: int
    closes_ms: int


class World:
    """One region under one seed. Raises `KeyError` if the registry does not have the region."""

    def __init__(
        self, registry: Registry, region: str, seed: int, rates: Rates | None = None
    ) -> None:
        self.registry = registry
        self.region = region
        self.seed = seed
        self.rates = rates or Rates()
        self.zone: Zone = registry.zone(region)
        self._holidays = frozenset(registry.region(region).holidays)
        # In life the clinic's key: whoever reads the stream cannot know whom a pseudonym means.
        self._key = hashlib.sha256(f"pantau simulator {seed} {region}".encode()).digest()
        self._heads: dict[int, tuple[str, str]] = {}

    def dice(self, *what: object) -> random.Random:
        """Dice that fall the same way whenever they are taken for `what`."""
        return random.Random("|".join(map(str, (self.seed, self.region, *what))))

    def person(self, *who: object) -> str:
        """Pseudonym (hex32) of an invented person."""
        name = "|".join(map(str, who)).encode()
        return hmac.digest(self._key, name, "sha256").hex()[:_HEX32]

    def midnight_ms(self, day: int) -> int:
        """The first moment of a local day."""
        return self.zone.day_start_ms(day)

    def text(self, epoch_ms: int) -> str:
        """RFC 3339 in local time with its offset: `2026-11-24T03:42:07.120+07:00`."""
        minute, within_ms = divmod(epoch_ms, MINUTE_MS)
        head = self._heads.get(minute)
        if head is None:
            head = self._head(minute)
        return f"{head[0]}{within_ms // 1000:02d}.{within_ms % 1000:03d}{head[1]}"

    def _head(self, minute: int) -> tuple[str, str]:
        offset = self.zone.offset_ms(minute * MINUTE_MS) // MINUTE_MS
        day, of_day = divmod(minute + offset, 1440)
        sign, size = ("-", -offset) if offset < 0 else ("+", offset)
        if len(self._heads) > 10_000:
            self._heads.clear()
        head = self._heads[minute] = (
            f"{day_to_iso(day)}T{of_day // 60:02d}:{of_day % 60:02d}:",
            f"{sign}{size // 60:02d}:{size % 60:02d}",
        )
        return head

    def view(self, day: int) -> DayView:
        """The registry's rows in force."""
        return self.registry.view(self.region, day)

    def active_units(self, day: int) -> list[Unit]:
        """Units that work on the day, by id: active ones; clinics not on Sundays and holidays."""
        closed = weekday(day) == _SUNDAY or day in self._holidays
        units = self.view(day).units
        return [
            unit
            for _, unit in sorted(units.items())
            if unit.status == "active" and not (closed and unit.kind == "clinic")
        ]

    def fed_by(self, unit_id: str, day: int) -> list[tuple[Recipient, Mapping[str, int]]]:
        """Recipients that the kitchen feeds on the day, with who of those registered is served on it."""
        service = self.registry.service(self.region, day)
        fed = [
            (one, service.registered.get(one.recipient_id, {}))
            for one in service.view.recipients_of.get(unit_id, ())
        ]
        return [(one, registered) for one, registered in fed if registered]

    def before_holiday(self, recipient_id: str, day: int) -> bool:
        """Whether the next day is a holiday on which the recipient is not served: packs are handed out on the day before."""
        if day + 1 not in self._holidays:
            return False
        return recipient_id not in self.registry.service(self.region, day + 1).registered

    def fasting(self, day: int) -> bool:
        """Whether the day is one of Ramadan: pupils take dry packs home."""
        return any(first <= day <= last for first, last in _RAMADAN)

    def clinic_works(self, day: int) -> bool:
        """Clinics are closed on Sundays and holidays."""
        return weekday(day) != _SUNDAY and day not in self._holidays

    def hours(self, unit: Unit, day: int) -> list[Hours]:
        """When the unit is open on the local day: two stretches if it is open over midnight."""
        start = self.midnight_ms(day)
        opens, closes = start + unit.opens * MINUTE_MS, start + unit.closes * MINUTE_MS
        if unit.opens < unit.closes:
            return [Hours(opens, closes)]
        return [Hours(start, closes), Hours(opens, self.midnight_ms(day + 1))]

    def beats(self, unit: Unit, day: int, every_s: int) -> Iterator[int]:
        """Moments every `every_s` seconds within the unit's hours, at a phase of its own. None if `every_s` is 0."""
        if every_s <= 0:
            return
        every_ms = every_s * 1000
        start = self.midnight_ms(day)
        phase = phase_ms(unit.unit_id, every_ms)
        for opens, closes in self.hours(unit, day):
            first = -((start + phase - opens) // every_ms)
            yield from range(start + phase + first * every_ms, closes, every_ms)


def phase_ms(unit_id: str, every_ms: int) -> int:
    """Devices do not all beat at once."""
    return int.from_bytes(hashlib.blake2b(unit_id.encode(), digest_size=6).digest()) % every_ms

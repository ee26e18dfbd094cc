"""What a region's units and recipients are called and where they lie."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.registry.entities import RegionRegistry
from contracts.time.days import Zone


@dataclass(frozen=True, slots=True)
class RegionPlaces:
    """`names`: id -> name of units, recipients and kecamatan; `kecamatan_of`: id of a unit or recipient -> code."""

    name: str
    zone: Zone
    names: dict[str, str]
    kecamatan_of: dict[str, str]

    def kecamatan(self, unit: str, subject: str) -> str:
        """Where it happens: at the recipient, else at the unit; empty if it is about the region."""
        return self.kecamatan_of.get(subject) or self.kecamatan_of.get(unit, "")


def places_of(registry: RegionRegistry) -> RegionPlaces:
    """By the newest row of each."""
    names = {one.code: one.name for one in registry.region.kecamatan}
    kecamatan_of: dict[str, str] = {}
    for unit in sorted(registry.units, key=lambda row: row.valid_from):
        names[unit.unit_id], kecamatan_of[unit.unit_id] = unit.name, unit.kecamatan
    for one in sorted(registry.recipients, key=lambda row: row.valid_from):
        names[one.recipient_id], kecamatan_of[one.recipient_id] = one.name, one.kecamatan
    region = registry.region
    return RegionPlaces(region.name, Zone(region.timezone), names, kecamatan_of)

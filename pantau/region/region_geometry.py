"""Kecamatan polygons of a boundaries.geojson: inside or not, and points inside. Plain Python: it
runs once, when a region is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Final, Literal

import msgspec

Point = tuple[float, float]
Ring = list[Point]

_KM_PER_DEGREE: Final = 111.32
_TRIES: Final = 1000


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: list[Ring]


class _MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[Ring]]


class Feature(msgspec.Struct):
    """One kecamatan: `id` is its code; `properties` as its maker wrote them."""

    id: str
    geometry: _Polygon | _MultiPolygon
    properties: dict[str, str | int | float | None] = {}


class _Collection(msgspec.Struct):
    type: Literal["FeatureCollection"]
    features: list[Feature]


class KecamatanShape:
    """Where a kecamatan lies (lon, lat; WGS84)."""

    def __init__(self, feature: Feature) -> None:
        self._polygons = (
            feature.geometry.coordinates
            if isinstance(feature.geometry, _MultiPolygon)
            else [feature.geometry.coordinates]
        )
        corners = [corner for polygon in self._polygons for corner in polygon[0]]
        self._low = (min(lon for lon, _ in corners), min(lat for _, lat in corners))
        self._high = (max(lon for lon, _ in corners), max(lat for _, lat in corners))

    def contains(self, point: Point) -> bool:
        """True inside an outer ring and in no hole of it."""
        return any(
            _in_ring(point, polygon[0]) and not any(_in_ring(point, hole) for hole in polygon[1:])
            for polygon in self._polygons
        )

    def point_near(self, rng: Random, centre: Point, spread_km: float) -> Point:
        """A point inside, most of them within `spread_km` of `centre`.

        Anywhere inside if there is none near.
        """
        for attempt in range(_TRIES):
            reach = spread_km * (1 + attempt / 10) / _KM_PER_DEGREE
            point = _rounded(centre[0] + reach * _bell(rng), centre[1] + reach * _bell(rng))
            if self.contains(point):
                return point
        return self.point(rng)

    def point(self, rng: Random) -> Point:
        """A point inside, all places alike. Raises `ValueError` for a polygon too thin to hit."""
        for _ in range(_TRIES):
            point = _rounded(
                *(
                    low + (high - low) * rng.random()
                    for low, high in zip(self._low, self._high, strict=True)
                )
            )
            if self.contains(point):
                return point
        raise ValueError(
            f"no point found inside the polygon around {self._low}: check boundaries.geojson"
        )


def read_boundaries(raw: bytes) -> dict[str, Feature]:
    """Features by id. Raises `msgspec.DecodeError` for anything but a FeatureCollection of
    polygons with ids.
    """
    return {feature.id: feature for feature in msgspec.json.decode(raw, type=_Collection).features}


def distance_km(one: Point, other: Point) -> float:
    """Along the ground, on a plane: right to a few metres within a kabupaten."""
    east = (one[0] - other[0]) * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(east, one[1] - other[1]) * _KM_PER_DEGREE


def _in_ring(point: Point, ring: Ring) -> bool:
    lon, lat = point
    inside = False
    for (lon1, lat1), (lon2, lat2) in _edges(ring):
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (
            lon2 - lon1
        ):
            inside = not inside
    return inside


def _edges(ring: Ring) -> Iterator[tuple[Point, Point]]:
    return zip(ring, ring[1:] + ring[:1], strict=True)


def _bell(rng: Random) -> float:
    """-1..1, mostly near 0.

    From `random()` alone: only that one is promised to give the same numbers in every Python.
    """
    return (rng.random() + rng.random() + rng.random()) / 1.5 - 1


def _rounded(lon: float, lat: float) -> Point:
    return round(lon, 5), round(lat, 5)

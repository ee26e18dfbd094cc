"""A region's map for a page: the kecamatan as SVG paths, and where a point lies on it. Projected once. Pure but for one file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

SIZE: Final = 600.0
"""The longer side of the drawing, in its own units."""

_LonLat = tuple[float, float]


class OutlineShape(msgspec.Struct, frozen=True):
    """One kecamatan: SVG path, and where a label stands."""

    code: str
    d: str
    cx: float
    cy: float


class Outline(msgspec.Struct, frozen=True, rename={"view_box": "viewBox"}):
    """Empty (no kecamatan) where a region has no boundaries."""

    view_box: str
    kecamatan: tuple[OutlineShape, ...]


class Projection(NamedTuple):
    """Of degrees to the drawing's units. `west`, `north`: its corner, on the Mercator plane."""

    west: float
    north: float
    scale: float

    def place(self, point: _LonLat) -> _LonLat:
        """x and y, to a tenth of a unit."""
        x, y = _mercator(point)
        return round((x - self.west) * self.scale, 1), round((self.north - y) * self.scale, 1)


class DrawnRegion(NamedTuple):
    """`projection`: that of the outline; without boundaries it puts every point into the corner."""

    outline: Outline
    projection: Projection


class DrawnRegions:
    """Boundaries are read once a region: they change with a new region folder only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn: dict[str, DrawnRegion] = {}

    def of(self, code: str) -> DrawnRegion:
        """Of the region of a code. Raises as `read_outline` does."""
        found = self._drawn.get(code)
        if found is None:
            found = self._drawn[code] = read_outline(self._folder / code / "boundaries.geojson")
        return found


def read_outline(path: Path) -> DrawnRegion:
    """The map of a boundaries.geojson. Raises `ValueError` if it is no map of polygons."""
    try:
        features = msgspec.json.decode(path.read_bytes())["features"]
    except FileNotFoundError:
        return DrawnRegion(Outline(f"0 0 {SIZE:.0f} {SIZE:.0f}", ()), Projection(0, 0, 0))
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no GeoJSON feature collection: {error}") from None
    rings = {str(one["id"]): _rings(one["geometry"]) for one in features}
    every = [_mercator(point) for some in rings.values() for ring in some for point in ring]
    if not every:
        raise ValueError(f"{path} holds no polygon")
    west, east = min(x for x, _ in every), max(x for x, _ in every)
    south, north = min(y for _, y in every), max(y for _, y in every)
    scale = SIZE / max(east - west, north - south)
    projection = Projection(west, north, scale)
    place = projection.place
    shapes = []
    for one in features:
        code = str(one["id"])
        cx, cy = place(_label(one["properties"], rings[code]))
        shapes.append(
            OutlineShape(code, "".join(_path(ring, place) for ring in rings[code]), cx, cy)
        )
    box = f"0 0 {(east - west) * scale:.1f} {(north - south) * scale:.1f}"
    return DrawnRegion(Outline(box, tuple(shapes)), projection)


def _rings(geometry: dict[str, Any]) -> list[list[_LonLat]]:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [[(x, y) for x, y, *_ in ring] for polygon in polygons for ring in polygon]


def _mercator(point: _LonLat) -> _LonLat:
    lon, lat = point
    return math.radians(lon), math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def _label(properties: dict[str, Any], rings: list[list[_LonLat]]) -> _LonLat:
    """Where the file says, else the middle of the longest ring's corners."""
    if "label_lon" in properties and "label_lat" in properties:
        return float(properties["label_lon"]), float(properties["label_lat"])
    ring = max(rings, key=len)
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)


def _path(ring: list[_LonLat], place: Callable[[_LonLat], _LonLat]) -> str:
    """`M x y L x y ... Z`; points that fall on the one before are left out."""
    placed: list[_LonLat] = []
    for point in ring[:-1]:
        at = place(point)
        if not placed or placed[-1] != at:
            placed.append(at)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in placed) + "Z"

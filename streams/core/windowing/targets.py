"""What is registered: the targets of windows, from the registry's rows in force on each local day.

Days that are ruled alike by registry and calendar share their sums; windows add them up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from contracts.registry.entities import Registry, ServiceDay
from contracts.time.windows import ALL_GROUPS

_CACHED_WINDOWS: Final = 256
_REMEMBERED_WINDOWS: Final = 16
"""Those that end within some days: a window has a target for each recipient and group."""
_NOBODY: Final[frozenset[str]] = frozenset()


class _Sums:
    """Targets of one local day by area: recipients, kitchens, kecamatan and the region itself are areas alike."""

    def __init__(self, region: str, service: ServiceDay) -> None:
        view = service.view
        self.service = service  # referenced, so that its id stays its own
        self.portions: dict[str, int] = defaultdict(int)
        self.eaten: dict[tuple[str, str], int] = defaultdict(int)
        self.recipients: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.children: dict[str, int] = defaultdict(int)
        for kitchen, portions in service.target_of.items():
            for area in (kitchen, view.units[kitchen].kecamatan, region):
                self.portions[area] += portions
        for recipient, registered in service.registered.items():
            for area in (recipient, view.recipients[recipient].kecamatan, region):
                for group, count in (*registered.items(), (ALL_GROUPS, sum(registered.values()))):
                    if count:
                        self.eaten[area, group] += count
                        self.recipients[area, group].add(recipient)
        for clinic, children in view.children_of.items():
            for area in (clinic, view.units[clinic].kecamatan, region):
                self.children[area] += children


class Targets:
    """Targets of one region. `registry` may be replaced by one that holds more rows: past days keep theirs."""

    def __init__(self, region: str, registry: Registry) -> None:
        self._region = region
        self._registry = registry
        self._sums: dict[int, _Sums] = {}
        self._windows: dict[tuple[int, int], list[tuple[_Sums, int]]] = {}
        self._coverage: dict[tuple[int, int], dict[tuple[str, str], tuple[int, int]]] = {}

    def _of_day(self, day: int) -> _Sums:
        service = self._registry.service(self._region, day)
        sums = self._sums.get(id(service))
        if sums is None:
            sums = self._sums[id(service)] = _Sums(self._region, service)
        return sums

    def _service(self, first: int, last: int) -> list[tuple[_Sums, int]]:
        """The sums in force over a window's service days, each with its number of days."""
        known = self._windows.get((first, last))
        if known is None:
            if len(self._windows) >= _CACHED_WINDOWS:
                self._windows.clear()
            days: dict[int, tuple[_Sums, int]] = {}
            for sums in self._service_days(first, last):
                days[id(sums)] = (sums, days.get(id(sums), (sums, 0))[1] + 1)
            known = self._windows[first, last] = list(days.values())
        return known

    def _service_days(self, first: int, last: int) -> Iterator[_Sums]:
        for day in range(first, last + 1):
            yield self._of_day(day)

    def portions(self, area: str, first: int, last: int) -> int:
        """`portions_target` of a kitchen, a kecamatan (of its kitchens) or the region, days inclusive."""
        return sum(sums.portions.get(area, 0) * days for sums, days in self._service(first, last))

    def coverage(self, area: str, group: str, first: int, last: int) -> tuple[int, int]:
        """`target` of a recipient, a kecamatan (of the recipients) or the region, and `recipients_target`:
        distinct recipients with registered > 0 in the group on a service day of the window.
        """
        place = (area, group)
        known = self._coverage.get((first, last))
        if known is None:
            if len(self._coverage) >= _REMEMBERED_WINDOWS:
                self._coverage.clear()
            known = self._coverage[first, last] = {}
        found = known.get(place)
        if found is None:
            service = self._service(first, last)
            target = sum(sums.eaten.get(place, 0) * days for sums, days in service)
            members = [sums.recipients.get(place, _NOBODY) for sums, _ in service]
            found = known[place] = (target, len(_NOBODY.union(*members)))
        return found

    def children(self, area: str, day: int) -> int:
        """`children_registered` of a clinic, a kecamatan or the region on a window's last day."""
        return self._of_day(day).children.get(area, 0)

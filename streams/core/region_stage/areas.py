"""Stage two's windows: recipients, kecamatan and kabupaten of one region, summed from the contributions of its units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from contracts.registry.entities import Registry
from contracts.time.windows import ALL_GROUPS, DAY_WINDOWS, GROUPS, PANE_MS, PANE_WINDOWS
from streams.core.metrics.parts import ClinicPart, CoveragePart, KitchenPart
from streams.core.region_feed import Contribution
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import Row, RowWriter, Stamp
from streams.core.windowing.targets import Targets
from streams.core.windowing.window_table import RowKey, WindowTable, merged

_AREA_LEVELS: Final = ("kecamatan", "kabupaten")
_COVERAGE_LEVELS: Final = ("recipient", *_AREA_LEVELS)
_EVERY_GROUP: Final = frozenset((*GROUPS, ALL_GROUPS))

_Table = WindowTable[KitchenPart] | WindowTable[CoveragePart] | WindowTable[ClinicPart]


class Areas:
    """All areas of one region."""

    def __init__(self, region: str, registry: Registry) -> None:
        self.region = region
        self.progress = Progress(registry.zone(region))
        self._performance = {level: WindowTable(KitchenPart) for level in _AREA_LEVELS}
        self._coverage = {level: WindowTable(CoveragePart) for level in _COVERAGE_LEVELS}
        self._clinics = {level: WindowTable(ClinicPart) for level in _AREA_LEVELS}
        self._tables: tuple[_Table, ...] = (
            *self._performance.values(),
            *self._coverage.values(),
            *self._clinics.values(),
        )
        # Groups whose numbers changed, by (level, area): only their rows change.
        self._groups: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._due: dict[int, set[RowKey]] = defaultdict(set)
        self._stale = False
        self.use(registry)

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self._registry = registry
        self._writer = RowWriter(registry.zone(self.region), Targets(self.region, registry))

    # --- contributions ----------------------------------------------------------------------------------------------

    def replace(self, old: Contribution | None, new: Contribution) -> None:
        """Puts `new` in the place of `old`, which the same unit's same pane held before."""
        day = self.progress.zone.local_day(new.pane * PANE_MS)
        unit = self._registry.unit(new.unit, day)
        places = {"kecamatan": unit.kecamatan if unit else "", "kabupaten": self.region}
        kitchen, before = new.kitchen(), old.kitchen() if old is not None else None
        if kitchen is not None:
            if before is not None:
                kitchen.add(before, -1)
            for level, area in places.items():
                self._performance[level].delta(area, new.pane).add(kitchen)
            self._cover(new, old, day)
            return
        clinic = new.clinic()
        if old is not None:
            clinic.add(old.clinic(), -1)
        for level, area in places.items():
            self._clinics[level].delta(area, new.pane).add(clinic)

    def _cover(self, new: Contribution, old: Contribution | None, day: int) -> None:
        held = (old.groups or {}) if old is not None else {}
        for group, recipients in (new.groups or {}).items():
            known = held.get(group, {})
            for recipient, portions in recipients.items():
                change = portions - known.get(recipient, 0)
                if not change and recipient in known:
                    continue
                row = self._registry.recipient(recipient, day)
                for level, area in (
                    ("recipient", recipient),
                    ("kecamatan", row.kecamatan if row else ""),
                    ("kabupaten", self.region),
                ):
                    self._coverage[level].delta(area, new.pane).put(group, recipient, change)
                    self._groups[level, area].add(group)

    def _apply_deltas(self) -> None:
        for table in self._tables:
            table.apply_deltas(self.progress.zone)

    def settle(self) -> None:
        """Forgets what changed: after state was restored nothing is a change."""
        self._apply_deltas()
        for table in self._tables:
            table.settle()
        self._groups.clear()

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, time_ms: int) -> bool:
        """Time passes: notes the rows that become due. True if a pane began."""
        panes, days = self.progress.advance(time_ms)
        for index, table in enumerate(self._tables):
            self._due[index].update(table.due_with(panes))
        for day in days:
            self._due_with(day)
        self._stale = self._stale or bool(panes)
        return bool(panes)

    def _due_with(self, day: int) -> None:
        region = self._registry.region(self.region)
        kecamatan = [one.code for one in region.kecamatan]
        recipients = list(self._registry.recipients_in_force(self.region, day))
        areas = {"recipient": recipients, "kecamatan": kecamatan, "kabupaten": [self.region]}
        for index, level in enumerate((*_AREA_LEVELS, *_COVERAGE_LEVELS, *_AREA_LEVELS)):
            self._due[index].update(
                RowKey(area, window, day) for area in areas[level] for window in DAY_WINDOWS
            )

    # --- rows -------------------------------------------------------------------------------------------------------

    def rows(self, stamp: Stamp) -> Iterator[tuple[Row, bool]]:
        """Rows that changed or became due since the last call, each with whether it is of a newest begun window."""
        self._apply_deltas()
        progress = self.progress
        levels = (*_AREA_LEVELS, *_COVERAGE_LEVELS, *_AREA_LEVELS)
        for index, (level, table) in enumerate(zip(levels, self._tables, strict=True)):
            due = self._due.pop(index, set())
            runs = merged(table.changed(progress.pane, progress.day), due)
            for (area, window), ends in runs.items():
                newest = progress.newest(window)
                for end, part in table.sums(area, window, ends):
                    key = RowKey(area, window, end)
                    for row in self._rows_of(level, key, part, stamp, key in due):
                        yield row, end == newest
        self._groups.clear()
        if self._stale:
            # Not before the rows are out: days may pass between two flushes when the log is read anew.
            self._stale = False
            for table in self._tables:
                table.forget(progress.pane, progress.day)

    def _rows_of(
        self,
        level: str,
        key: RowKey,
        part: KitchenPart | CoveragePart | ClinicPart,
        stamp: Stamp,
        due: bool,
    ) -> Iterable[Row]:
        if isinstance(part, KitchenPart):
            return (self._writer.performance(stamp, level, *key, part),)
        if isinstance(part, ClinicPart):
            return (self._writer.clinic_coverage(stamp, level, *key, part),)
        groups = (
            self._due_groups(level, key, part)
            if due
            else self._groups[level, key.area].intersection(part.groups)
        )
        return self._writer.coverage(stamp, level, *key, part, groups)

    def _due_groups(self, level: str, key: RowKey, part: CoveragePart) -> set[str]:
        """Groups with a row though nothing changed: those reported on, and for days the registered ones and `all`."""
        groups = set(part.groups)
        if key.window in PANE_WINDOWS:
            return groups
        if level != "recipient":
            return groups | _EVERY_GROUP
        recipient = self._registry.recipient(key.area, key.end)
        if recipient is not None:
            groups |= {group for group, count in recipient.registered.items() if count > 0} | {
                ALL_GROUPS
            }
        return groups

"""The views of areas: for each what a contribution adds where, and which rows are written.

To add one: a class here and its name in `AREA_VIEWS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar, Final, Generic, TypeVar

from contracts.registry.entities import Registry
from contracts.results.public_rows import View
from contracts.time.days import Zone
from contracts.time.windows import ALL_GROUPS, GROUPS, PANE_MS, PANE_WINDOWS, WindowName
from streams.core.metrics.clinic import ClinicSum
from streams.core.metrics.coverage import CoverageSum, Eaten
from streams.core.metrics.kitchen import KitchenSum
from streams.core.metrics.pane_sum import PaneSum
from streams.core.metrics.reception import NO_CHECKS, ReceptionSum, plus
from streams.core.region_feed import Contribution
from streams.core.windowing.progress import Progress
from streams.core.windowing.row_writer import FlushStamp, RowWriter, ViewRow
from streams.core.windowing.schedule import RowRun, RowSchedule
from streams.core.windowing.targets import Targets
from streams.core.windowing.window_table import RowKey

P = TypeVar("P", bound=PaneSum)

UNIT: Final = "unit"
RECIPIENT: Final = "recipient"
KECAMATAN: Final = "kecamatan"
KABUPATEN: Final = "kabupaten"
Share = tuple[str, str, P]
"""(level, area, what is added there)."""

_Groups = dict[tuple[str, str], set[str]]
_EVERY_GROUP: Final = frozenset((*GROUPS, ALL_GROUPS))


class AreaView(ABC, Generic[P]):
    """One view of the areas of one region: a schedule for each level.

    `new_sum` makes an empty sum. A subclass has what a contribution adds (`_shares`) and how a row is written (`_write`).
    """

    view: ClassVar[View]
    levels: ClassVar[tuple[str, ...]] = (KECAMATAN, KABUPATEN)
    new_sum: ClassVar[Any]

    def __init__(self, region: str, progress: Progress, registry: Registry) -> None:
        self._region = region
        self._schedules: dict[str, RowSchedule[P]] = {
            level: RowSchedule(progress, self.new_sum, partial(self._in_force, level))
            for level in self.levels
        }
        self.use(registry)

    @property
    def schedules(self) -> Iterable[RowSchedule[P]]:
        """One a level."""
        return self._schedules.values()

    @property
    def _zone(self) -> Zone:
        return self._registry.zone(self._region)

    def use(self, registry: Registry) -> None:
        """Takes a registry with more rows."""
        self._registry = registry
        self._writer = RowWriter(registry.zone(self._region), Targets(self._region, registry))

    def _in_force(self, level: str, day: int) -> Iterable[str]:
        if level == KABUPATEN:
            return (self._region,)
        if level == KECAMATAN:
            return [one.code for one in self._registry.region(self._region).kecamatan]
        if level == UNIT:
            units = self._registry.units_in_force(self._region, day).values()
            return [unit.unit_id for unit in units if unit.kind == "sppg"]
        return self._registry.recipients_in_force(self._region, day)

    def _kecamatan_of(self, source_id: str, day: int) -> str:
        """Empty for a clinic outside the region."""
        unit = self._registry.unit(source_id, day)
        return unit.kecamatan if unit else ""

    def replace(self, old: Contribution | None, new: Contribution) -> None:
        """Puts `new` in the place of `old`, which the same pane of the same unit had before."""
        for level, area, share in self._shares(old, new):
            self._schedules[level].table.delta(area, new.pane).add(share)

    def restore_day(self, day: int, contribution: Contribution) -> None:
        """Adds what state holds to the sums of its local day alone; it is no change."""
        for level, area, share in self._shares(None, contribution):
            self._schedules[level].table.restore_day(area, day, share)

    def restore_pane(self, contribution: Contribution) -> None:
        """Adds what state holds to the sums of its pane alone; it is no change."""
        for level, area, share in self._shares(None, contribution):
            self._schedules[level].table.restore_pane(area, contribution.pane, share)

    def restored(self) -> None:
        """All days were restored."""

    @abstractmethod
    def _shares(self, old: Contribution | None, new: Contribution) -> list[Share[P]]:
        """What `new` adds where if it stands in the place of `old`.

        Called for every contribution; one that holds nothing of this view gives nothing. All of `new` is read before anything is
        given: what is broken raises, and then nothing of it may count.
        """

    @abstractmethod
    def _write(
        self, stamp: FlushStamp, level: str, key: RowKey, total: P, is_due: bool
    ) -> Iterable[ViewRow]:
        """The rows of one level, area, window and end."""

    def _for_areas(
        self, contribution: Contribution, change: P | None, before: P | None
    ) -> list[Share[P]]:
        """`change` less `before`, for the kecamatan of the source, if it has one, and for the region. None: nothing of this view."""
        if change is None:
            return []
        if before is not None:
            change.add(before, -1)
        day = self._zone.local_day(contribution.pane * PANE_MS)
        kecamatan = self._kecamatan_of(contribution.unit, day)
        of_region = (KABUPATEN, self._region, change)
        return [(KECAMATAN, kecamatan, change), of_region] if kecamatan else [of_region]

    def rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `RowSchedule.runs`."""
        for level, schedule in self._schedules.items():
            yield from self._written(stamp, level, schedule.runs())

    def newest_rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `RowSchedule.newest_runs`."""
        for level, schedule in self._schedules.items():
            yield from self._written(stamp, level, schedule.newest_runs())

    def _written(
        self, stamp: FlushStamp, level: str, runs: Iterable[RowRun[P]]
    ) -> Iterator[ViewRow]:
        for area, window, due, sums in runs:
            for end, total in sums:
                yield from self._write(stamp, level, (area, window, end), total, end in due)

    def write_again(self, level: str, area: str, window: WindowName) -> None:
        """Makes the newest row of an area due, if the area is one of this view's."""
        if level in self._schedules:
            self._schedules[level].write_again(area, window)


class PerformanceView(AreaView[KitchenSum]):
    """Performance of the kitchens of an area."""

    view = "performance"
    new_sum = KitchenSum

    def _shares(self, old: Contribution | None, new: Contribution) -> list[Share[KitchenSum]]:
        return self._for_areas(new, new.kitchen(), None if old is None else old.kitchen())

    def _write(
        self, stamp: FlushStamp, level: str, key: RowKey, total: KitchenSum, _is_due: bool
    ) -> Iterable[ViewRow]:
        return (self._writer.performance(stamp, level, *key, total),)


class ClinicCoverageView(AreaView[ClinicSum]):
    """Clinic coverage of the clinics of an area."""

    view = "clinic_coverage"
    new_sum = ClinicSum

    def _shares(self, old: Contribution | None, new: Contribution) -> list[Share[ClinicSum]]:
        return self._for_areas(new, new.clinic(), None if old is None else old.clinic())

    def _write(
        self, stamp: FlushStamp, level: str, key: RowKey, total: ClinicSum, _is_due: bool
    ) -> Iterable[ViewRow]:
        return (self._writer.clinic_coverage(stamp, level, *key, total),)


class CoverageView(AreaView[CoverageSum]):
    """Coverage of recipients and areas, by group."""

    view = "coverage"
    levels = (RECIPIENT, KECAMATAN, KABUPATEN)
    new_sum = CoverageSum

    def __init__(self, region: str, progress: Progress, registry: Registry) -> None:
        super().__init__(region, progress, registry)
        # Groups whose numbers changed, by (level, area): only their rows change. Since the newest rows were taken, and before.
        self._fresh_groups: _Groups = defaultdict(set)
        self._changed_groups: _Groups = defaultdict(set)
        # By day until all is restored: a recipient eats from one kitchen, in a few panes of a day.
        self._restored: dict[int, Eaten] = defaultdict(lambda: defaultdict(dict))

    def replace(self, old: Contribution | None, new: Contribution) -> None:
        """See `AreaView`."""
        for level, area, share in self._shares(old, new):
            self._schedules[level].table.delta(area, new.pane).add(share)
            self._fresh_groups[level, area].update(share.groups)

    def _shares(self, old: Contribution | None, new: Contribution) -> list[Share[CoverageSum]]:
        before = (old.groups or {}) if old is not None else {}
        changes: dict[str, CoverageSum] = defaultdict(CoverageSum)
        for group, recipients in (new.groups or {}).items():
            known = before.get(group, {})
            for recipient, portions in recipients.items():
                change = portions - known.get(recipient, 0)
                if change or recipient not in known:
                    changes[recipient].put(group, recipient, change)
        return self._for_recipients(self._zone.local_day(new.pane * PANE_MS), changes)

    def _for_recipients(
        self, day: int, changes: dict[str, CoverageSum]
    ) -> list[Share[CoverageSum]]:
        shares = []
        for recipient, change in changes.items():
            row = self._registry.recipient(recipient, day)
            shares += [
                (RECIPIENT, recipient, change),
                (KECAMATAN, row.kecamatan if row else "", change),
                (KABUPATEN, self._region, change),
            ]
        return shares

    def restore_day(self, day: int, contribution: Contribution) -> None:
        """See `AreaView`."""
        of_day = self._restored[day]
        for group, recipients in (contribution.groups or {}).items():
            eaten = of_day[group]
            for recipient, portions in recipients.items():
                eaten[recipient] = eaten.get(recipient, 0) + portions

    def restored(self) -> None:
        """See `AreaView`."""
        for day, groups in self._restored.items():
            sums: dict[str, CoverageSum] = defaultdict(CoverageSum)
            for group, recipients in groups.items():
                for recipient, portions in recipients.items():
                    sums[recipient].put(group, recipient, portions)
            for level, area, share in self._for_recipients(day, sums):
                self._schedules[level].table.restore_day(area, day, share)
        self._restored.clear()

    def rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `AreaView`."""
        self._note_groups()
        # What is written now is what changed since the last time.
        self._fresh_groups, self._changed_groups = self._changed_groups, self._fresh_groups
        yield from super().rows(stamp)
        self._fresh_groups.clear()

    def newest_rows(self, stamp: FlushStamp) -> Iterator[ViewRow]:
        """See `AreaView`."""
        yield from super().newest_rows(stamp)
        self._note_groups()

    def _note_groups(self) -> None:
        for place, groups in self._fresh_groups.items():
            self._changed_groups[place] |= groups
        self._fresh_groups.clear()

    def _write(
        self, stamp: FlushStamp, level: str, key: RowKey, total: CoverageSum, is_due: bool
    ) -> Iterable[ViewRow]:
        area, _, _ = key
        groups = (
            self._due_groups(level, key, total)
            if is_due
            else self._fresh_groups[level, area].intersection(total.groups)
        )
        return self._writer.coverage(stamp, level, *key, total, groups)

    def _due_groups(self, level: str, key: RowKey, total: CoverageSum) -> set[str]:
        """Groups with a row though nothing changed: those reported on, and for days the registered ones and `all`."""
        area, window, end = key
        groups = set(total.groups)
        if window in PANE_WINDOWS:
            return groups
        if level != RECIPIENT:
            return groups | _EVERY_GROUP
        recipient = self._registry.recipient(area, end)
        if recipient is not None:
            registered = {group for group, count in recipient.registered.items() if count > 0}
            groups |= registered | {ALL_GROUPS}
        return groups


class ReceptionView(AreaView[ReceptionSum]):
    """What recipients report, by the kitchen they name, by their kecamatan, and of the region."""

    view = "reception"
    levels = (UNIT, KECAMATAN, KABUPATEN)
    new_sum = ReceptionSum

    def _shares(self, old: Contribution | None, new: Contribution) -> list[Share[ReceptionSum]]:
        before = None if old is None else old.reception()
        shares = self._for_areas(new, new.reception(), before)
        if not shares:
            return []
        known = (old.checks or {}) if old is not None else {}
        for kitchen, checks in (new.checks or {}).items():
            if checks != known.get(kitchen):
                of_kitchen = ReceptionSum()
                of_kitchen.add_checks(plus(checks, known.get(kitchen, NO_CHECKS), -1), 1)
                shares.append((UNIT, kitchen, of_kitchen))
        return shares

    def _kecamatan_of(self, source_id: str, day: int) -> str:
        recipient = self._registry.recipient(source_id, day)
        return recipient.kecamatan if recipient else ""

    def _write(
        self, stamp: FlushStamp, level: str, key: RowKey, total: ReceptionSum, _is_due: bool
    ) -> Iterable[ViewRow]:
        return (self._writer.reception(stamp, level, *key, total),)


AREA_VIEWS: Final[tuple[type[AreaView[Any]], ...]] = (
    PerformanceView,
    CoverageView,
    ClinicCoverageView,
    ReceptionView,
)
"""Made once for each region; rows are written in this order."""

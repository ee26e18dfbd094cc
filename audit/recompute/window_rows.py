"""Windows from panes and days, and the rows that exist in silence: `r_performance`, `r_coverage`, `r_clinic_coverage`, `r_reception`.

    panes --sum of 3 or 12--> 15m, 1h            a row for each pane end that something falls in
    days  --sum of 1, 7, 30--> 1d, 7d, 30d       and one for each registered unit, recipient and area

`sure` is 1 for a row that must exist: its last pane or day had begun before the cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from audit.recompute.panes import SUMS
from audit.scope import LONGEST, PANE_MS, Scope, day_sql
from audit.scratch import Scratch
from contracts.time.windows import DAY_WINDOWS, PANE_WINDOWS

_NO_NUMBER: Final = "CAST(NULL, 'Nullable(UInt64)')"
# A clinic outside its region has no kecamatan.
_AREAS: Final = "ARRAY JOIN arrayFilter(x -> x.2 != '', [('unit', unit_id), ('kecamatan', kec), ('kabupaten', {region})]) AS a"
_DAY_WINDOWS: Final = str([(name, length) for name, length in DAY_WINDOWS.items()])
_PANE_WINDOWS: Final = str([(name, length) for name, length in PANE_WINDOWS.items()])


@dataclass(frozen=True, slots=True)
class WindowRange:
    """Audited days `first` .. `last`, inclusive: the rows of one comparison."""

    first: date
    last: date

    @property
    def reach(self) -> str:
        """Condition: `day` is one that a window of the batch covers."""
        low = self.first - timedelta(days=LONGEST - 1)
        return f"day BETWEEN {day_sql(low)} AND {day_sql(self.last)}"

    @property
    def near(self) -> str:
        """Condition: `day` is one that a 15m or 1h window of the batch covers."""
        return f"day BETWEEN {day_sql(self.first - timedelta(days=1))} AND {day_sql(self.last)}"

    def day_ends(self) -> str:
        """Column `w`: (window, last day) of each window of the batch that covers `day`."""
        first, last = day_sql(self.first), day_sql(self.last)
        return (
            "arrayJoin(arrayFlatten(arrayMap(w -> arrayMap(e -> (w.1, toDate(e)), range("
            f"toUInt32(greatest(day, {first})), toUInt32(least(day + w.2 - 1, {last})) + 1)), {_DAY_WINDOWS}))) AS w"
        )

    def holds(self, day: str) -> str:
        """Condition: a row's `day` is in the batch."""
        return f"{day} BETWEEN {day_sql(self.first)} AND {day_sql(self.last)}"


_PANE_ENDS: Final = (
    "arrayJoin(arrayFlatten(arrayMap(w -> arrayMap(e -> (w.1, toUInt32(e), toUInt32(w.2)), range(pane + 1, pane + w.2 + 1)), "
    f"{_PANE_WINDOWS}))) AS w"
)


def build(scratch: Scratch, scope: Scope, batch: WindowRange) -> None:
    """Make the four tables of recomputed rows, of the days of `batch`."""
    scratch.make("r_performance", _performance(scope, batch))
    # Tables, since ClickHouse works a WITH out wherever it is named: here at three levels.
    scratch.make("pane_sums", _meals_by_pane(batch))
    scratch.make("day_sums", _meals_by_day(batch))
    scratch.make("r_coverage", _coverage(scope, batch))
    scratch.make("r_clinic_coverage", _clinic_coverage(scope, batch))
    scratch.run_file(
        "20_reception",
        region=scope.region,
        zone=scope.zone,
        first=batch.first,
        last=batch.last,
        silent_from=scope.silent_from,
        early=scope.cut.early,
        late=scope.cut.late,
    )


def _pane_rows(scope: Scope, batch: WindowRange, group: str, metrics: str, rows: str) -> str:
    """Rows of 15m and 1h: `rows` have level, area, `w` (window, end, length) and `group` columns."""
    zone, late, early = scope.zone_sql, scope.cut.late, scope.cut.early
    ends = f"toDateTime(w.2 * {PANE_MS // 1000}, 'UTC')"
    return (
        f"SELECT level, area AS area_id, w.1 AS window, toDateTime((w.2 - w.3) * {PANE_MS // 1000}, 'UTC') AS window_start, "
        f"{ends} AS window_end, toDate(window_end - 1, {zone}) AS day, {group}{metrics}, "
        f"toUInt8((w.2 - 1) * {PANE_MS} <= {early}) AS sure FROM ({rows}) "
        f"WHERE (w.2 - 1) * {PANE_MS} <= {late} AND {batch.holds(f'toDate({ends} - 1, {zone})')} "
        f"GROUP BY level, area, {group}w"
    )


def _day_rows(scope: Scope, group: str, metrics: str, rows: str) -> str:
    """Rows of 1d, 7d and 30d: `rows` also have `day`, `event` and `silent` (a row exists on that day, being the last)."""
    lengths = f"transform(w.1, {list(DAY_WINDOWS)}, {list(DAY_WINDOWS.values())}, 0)"
    exists = f"max(event) OR maxIf(silent, rows.day = w.2 AND w.2 >= {day_sql(scope.silent_from)})"
    return (
        f"SELECT level, area AS area_id, w.1 AS window, "
        f"toDateTime(toDateTime(w.2 - {lengths} + 1, {scope.zone_sql}), 'UTC') AS window_start, "
        f"any(d.ends) AS window_end, w.2 AS day, {group}{metrics}, "
        f"toUInt8(toUnixTimestamp(any(d.starts)) * 1000 <= {scope.cut.early}) AS sure "
        f"FROM ({rows}) AS rows JOIN {{db}}.days AS d ON d.day = w.2 "
        f"WHERE toUnixTimestamp(d.starts) * 1000 <= {scope.cut.late} GROUP BY level, area, {group}w HAVING {exists}"
    )


def _percentiles() -> str:
    null = "CAST(NULL, 'Nullable(UInt32)')"
    return ", ".join(
        f"if(sum(length(minutes)) = 0, {null}, {value}(minutes)) AS cook_to_receive_{name}_min"
        for name, value in (
            ("p50", "quantileExactArray(0.5)"),
            ("p95", "quantileExactArray(0.95)"),
            ("max", "maxArray"),
        )
    )


def _performance(scope: Scope, batch: WindowRange) -> str:
    areas = _AREAS.replace("{region}", scope.region_sql)
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    zeros = ", ".join(f"toUInt64(0) AS {name}" for name in SUMS)
    plain = ", ".join(SUMS)
    panes = (
        f"SELECT a.1 AS level, a.2 AS area, {_PANE_ENDS}, {plain}, minutes "
        f"FROM {{db}}.kitchen_panes {areas} WHERE {batch.near}"
    )
    days = (
        f"SELECT level, area, day, event, silent, target, {plain}, minutes, {batch.day_ends()} FROM ("
        f"SELECT a.1 AS level, a.2 AS area, day, 1 AS event, 0 AS silent, toUInt64(0) AS target, {sums}, "
        f"groupArrayArray(minutes) AS minutes FROM {{db}}.kitchen_panes {areas} WHERE {batch.reach} GROUP BY a, day "
        f"UNION ALL SELECT level, area, day, 0, silent, target, {zeros}, emptyArrayUInt32() FROM ({_targets(scope)}) WHERE {batch.reach})"
    )
    metrics = f"{sums}, {_percentiles()}"
    return (
        _pane_rows(scope, batch, "", f"{metrics}, {_NO_NUMBER} AS portions_target", panes)
        + " UNION ALL "
        + _day_rows(scope, "", f"{metrics}, toNullable(sum(target)) AS portions_target", days)
    )


def _targets(scope: Scope) -> str:
    """Of each kitchen, kecamatan and region a day: what is registered at the kitchen's recipients on a service day."""
    areas = (
        "ARRAY JOIN [('unit', kitchen), ('kecamatan', kitchen_kec), ('kabupaten', {region})] AS a"
    )
    return (
        f"SELECT a.1 AS level, a.2 AS area, day, 0 AS silent, sum(arraySum(g -> g.2, served)) AS target "
        f"FROM {{db}}.recipient_days {areas} WHERE counts AND kitchen_kind = 'sppg' GROUP BY a, day "
        "UNION ALL SELECT 'unit', unit_id, day, 1, 0 FROM {db}.unit_days WHERE kind = 'sppg' "
        f"UNION ALL {_areas_in_silence()}"
    ).replace("{region}", scope.region_sql)


def _areas_in_silence() -> str:
    return "SELECT level, area, day, 1, 0 FROM {db}.areas CROSS JOIN {db}.days"


def _meals_by_pane(batch: WindowRange) -> str:
    return (
        f"SELECT recipient, kec, grp, {_PANE_ENDS}, sum(eaten) AS eaten "
        f"FROM {{db}}.meal_panes WHERE {batch.near} GROUP BY recipient, kec, grp, w"
    )


def _meals_by_day(batch: WindowRange) -> str:
    return (
        f"SELECT recipient, kec, grp, {batch.day_ends()}, sum(eaten) AS eaten, sum(target) AS target, max(event) AS event, "
        "maxIf(silent, day = w.2) AS silent FROM ("
        f"SELECT recipient, kec, grp, day, sum(eaten) AS eaten, 0 AS target, 1 AS event, 0 AS silent FROM {{db}}.meal_panes "
        f"WHERE {batch.reach} GROUP BY recipient, kec, grp, day "
        f"UNION ALL SELECT recipient, kec, grp, day, 0, target, 0, silent FROM ({_registered()}) WHERE {batch.reach}"
        ") GROUP BY recipient, kec, grp, w"
    )


def _coverage(scope: Scope, batch: WindowRange) -> str:
    served = (
        "sum(eaten) AS eaten, {target}, countIf(eaten_here > 0) AS recipients_served, {recipients}"
    )
    pane_metrics = served.format(
        target=f"{_NO_NUMBER} AS target", recipients=f"{_NO_NUMBER} AS recipients_target"
    )
    day_metrics = served.format(
        target="toNullable(sum(target)) AS target",
        recipients="toNullable(countIf(target_here > 0)) AS recipients_target",
    )
    silence = (
        f"SELECT level, area, arrayJoin({_GROUPS}) AS `group`, {batch.day_ends()}, day, 0 AS event, 1 AS silent, "
        "0 AS eaten, 0 AS target, 0 AS eaten_here, 0 AS target_here "
        f"FROM {{db}}.areas CROSS JOIN {{db}}.days WHERE {batch.holds('day')}"
    )
    return (
        _pane_rows(scope, batch, "`group`, ", pane_metrics, _by_area(scope, "pane_sums", ""))
        + " UNION ALL "
        + _day_rows(
            scope,
            "`group`, ",
            day_metrics,
            f"{_by_area(scope, 'day_sums', _DAY_COLUMNS)} UNION ALL {silence}",
        )
    )


_DAY_COLUMNS: Final = "w.2 AS day, max(event) AS event, max(silent) AS silent, "
_GROUPS: Final = "['paud', 'sd', 'smp', 'sma', 'santri', 'guru', 'bumil', 'busui', 'balita', 'all']"


def _registered() -> str:
    """Of each recipient, group (and `all`) and day: what is registered on a service day, and that its row exists."""
    return (
        "SELECT recipient_id AS recipient, kec, one AS grp, day, "
        "arraySum(g -> if(one IN ('all', g.1), g.2, 0), served) AS target, 1 AS silent FROM ("
        "SELECT *, arrayJoin(arrayPushBack(arrayMap(g -> g.1, registered), 'all')) AS one FROM {db}.recipient_days)"
    )


def _by_area(scope: Scope, sums: str, day_columns: str) -> str:
    """Recipients' sums (a table), each at its own level, in the kecamatan it was in, and once in the region.

    `eaten_here`, `target_here`: what one recipient has in the area, to count recipients by.
    """
    target = "sum(target)" if day_columns else "0"
    silent = day_columns.replace("max(silent)", "0")

    def level(name: str, area: str, days: str) -> str:
        return (
            f"SELECT '{name}' AS level, {area} AS area, grp AS `group`, w, {days}sum(eaten) AS eaten, {target} AS target, "
            f"eaten AS eaten_here, target AS target_here FROM {{db}}.{sums} GROUP BY area, recipient, grp, w"
        )

    return (
        f"SELECT * FROM ({level('recipient', 'recipient', day_columns)} UNION ALL "
        f"{level('kecamatan', 'kec', silent)} UNION ALL {level('kabupaten', scope.region_sql, silent)})"
    )


def _clinic_coverage(scope: Scope, batch: WindowRange) -> str:
    areas = _AREAS.replace("{region}", scope.region_sql)
    columns = "type, c, person, at, stunted, wasted, anaemic, foodborne, cases"
    panes = f"SELECT a.1 AS level, a.2 AS area, {_PANE_ENDS}, {columns} FROM {{db}}.clinic_events {areas} WHERE {batch.near}"
    nobody = "'', 0, '', (toInt64(0), '', ''), 0, 0, 0, 0, toUInt64(0)"
    days = (
        f"SELECT level, area, day, event, silent, children, {columns}, {batch.day_ends()} FROM ("
        f"SELECT a.1 AS level, a.2 AS area, day, 1 AS event, 0 AS silent, toUInt64(0) AS children, {columns} "
        f"FROM {{db}}.clinic_events {areas} WHERE {batch.reach} "
        f"UNION ALL SELECT a.1, a.2, day, 0, a.1 = 'unit', if(active, children, 0), {nobody} "
        f"FROM {{db}}.unit_days {areas} WHERE kind = 'clinic' AND {batch.reach} "
        f"UNION ALL SELECT level, area, day, 0, 1, 0, {nobody} "
        f"FROM {{db}}.areas CROSS JOIN {{db}}.days WHERE {batch.reach})"
    )
    pane_rows = _pane_rows(
        scope, batch, "", _persons(f"{_NO_NUMBER} AS children_registered"), panes
    )
    registered = "toNullable(sumIf(children, rows.day = w.2)) AS children_registered"
    day_rows = _day_rows(scope, "", _persons(registered), days)
    return f"SELECT * EXCEPT last FROM ({pane_rows} UNION ALL {day_rows})"


def _persons(registered: str) -> str:
    """Metrics of `clinic_coverage`. `last`: of each child measured what its last measurement says."""
    last = "arraySort(groupArrayIf((person, at, stunted, wasted), c AND type = 'clinic.growth.measured')) AS last"
    # Laid beside its own later elements: a lambda that holds all of the array would copy it for each element.
    others = "arrayResize(arrayPopFront(last), length(last))"
    newest = f"arrayFilter((m, n) -> m.1 != n.1, last, {others})"
    return (
        f"{last}, toUInt64(length({newest})) AS children_measured, {registered}, "
        f"toUInt64(arraySum(m -> m.3, {newest})) AS children_stunted, toUInt64(arraySum(m -> m.4, {newest})) AS children_wasted, "
        "uniqExactIf(person, c AND type = 'clinic.immunization.given') AS children_immunized, "
        "countIf(c AND type = 'clinic.immunization.given') AS doses_given, "
        "uniqExactIf(person, c AND type = 'clinic.antenatal.visited') AS mothers_seen, "
        "uniqExactIf(person, c AND type = 'clinic.antenatal.visited' AND anaemic) AS mothers_anaemic, "
        "countIf(c AND type = 'clinic.case.reported' AND foodborne) AS foodborne_cases, "
        "sumIf(cases, c AND type = 'clinic.cases.counted' AND foodborne) AS foodborne_counted"
    )

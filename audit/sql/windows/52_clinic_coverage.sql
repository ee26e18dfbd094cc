-- Rows of `clinic_coverage`, after 41_panes. Parameters: those of 50_performance.

-- `w`: (window, pane or day at its end, how many). `last`: what measurements say of each child, in order; `newest`: those that no
-- later one of the child follows. Each lies beside the one after it: a lambda that holds all of the array would copy it for
-- each element.
CREATE OR REPLACE TABLE r_clinic_coverage ENGINE = Memory SETTINGS compress = 1 AS
SELECT * EXCEPT (last, newest)
FROM
(
    SELECT
        level,
        area AS area_id,
        w.1 AS window,
        w.1 IN ('15m', '1h') AS by_pane,
        if(by_pane, toDateTime((w.2 - w.3) * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 - w.3 + 1), {zone:String}), 'UTC')) AS window_start,
        if(by_pane, toDateTime(w.2 * 300, 'UTC'), toDateTime(toDateTime(toDate(w.2 + 1), {zone:String}), 'UTC')) AS window_end,
        toDate(window_end - 1, {zone:String}) AS day,
        if(by_pane, (w.2 - 1) * 300, toUnixTimestamp(toDateTime(toDate(w.2), {zone:String}))) * 1000 AS due,
        toUInt8(due <= {early:Int64}) AS sure,
        arraySort(groupArrayIf((person, at, stunted, wasted), c AND type = 'clinic.growth.measured')) AS last,
        arrayFilter((m, n) -> m.1 != n.1, last, arrayResize(arrayPopFront(last), length(last))) AS newest,
        length(newest) AS children_measured,
        if(by_pane, NULL, sum(children)) AS children_registered,
        arraySum(m -> m.3, newest) AS children_stunted,
        arraySum(m -> m.4, newest) AS children_wasted,
        uniqExactIf(person, c AND type = 'clinic.immunization.given') AS children_immunized,
        countIf(c AND type = 'clinic.immunization.given') AS doses_given,
        uniqExactIf(person, c AND type = 'clinic.antenatal.visited') AS mothers_seen,
        uniqExactIf(person, c AND type = 'clinic.antenatal.visited' AND anaemic) AS mothers_anaemic,
        countIf(c AND type = 'clinic.case.reported' AND foodborne) AS foodborne_cases,
        sumIf(cases, c AND type = 'clinic.cases.counted' AND foodborne) AS foodborne_counted
    FROM
    (
        SELECT
            a.1 AS level,
            a.2 AS area,
            arrayJoin(arrayConcat(
                if(day < {first:Date} - 1, [], arrayConcat(
                    arrayMap(end -> ('15m', toUInt32(end), toUInt32(3)), range(pane + 1, pane + 4)),
                    arrayMap(end -> ('1h', toUInt32(end), toUInt32(12)), range(pane + 1, pane + 13))
                )),
                arrayFlatten(arrayMap(
                    n -> arrayMap(end -> (concat(toString(n), 'd'), toUInt32(end), toUInt32(n)), range(
                        toUInt32(greatest(day, {first:Date})), toUInt32(least(day + n - 1, {last:Date})) + 1
                    )), [1, 7, 30]
                ))
            )) AS w,
            1 AS event,
            0 AS silent,
            toUInt64(0) AS children,
            type,
            c,
            person,
            at,
            stunted,
            wasted,
            anaemic,
            foodborne,
            cases
        FROM clinic_events
        ARRAY JOIN arrayFilter(x -> x.2 != '', [('unit', unit_id), ('kecamatan', kec), ('kabupaten', {region:String})]) AS a
        WHERE day BETWEEN {first:Date} - 29 AND {last:Date}
        UNION ALL
        SELECT
            level,
            area,
            arrayJoin(arrayMap(n -> (concat(toString(n), 'd'), toUInt32(day), toUInt32(n)), [1, 7, 30])),
            0,
            silent,
            children,
            '',
            0,
            '',
            (0, '', ''),
            0,
            0,
            0,
            0,
            0
        FROM
        (
            SELECT a.1 AS level, a.2 AS area, day, a.1 = 'unit' AS silent, if(active, children, 0) AS children
            FROM unit_days
            ARRAY JOIN arrayFilter(x -> x.2 != '', [('unit', unit_id), ('kecamatan', kec), ('kabupaten', {region:String})]) AS a
            WHERE kind = 'clinic'
            UNION ALL
            SELECT level, area, day, 1, 0 FROM areas CROSS JOIN days
        )
        WHERE day BETWEEN {first:Date} AND {last:Date}
    )
    GROUP BY level, area, w
    HAVING day BETWEEN {first:Date} AND {last:Date}
        AND due <= {late:Int64}
        AND (max(event) OR max(silent) AND toDate(w.2) >= {silent_from:Date})
);

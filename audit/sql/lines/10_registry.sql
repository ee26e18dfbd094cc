-- The registry as the audit needs it. Parameters:
--   region  String      region code
--   zone    String      its time zone
--   first, last Date    local days that are audited, both inclusive: their windows cover 29 days before too

-- All rows of units.csv.
CREATE TABLE units ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    unit_id,
    valid_from,
    kind,
    toString(kecamatan) AS kec,
    toString(status) AS status,
    registered_children,
    (toUInt32(substring(opens, 1, 2)) * 60 + toUInt32(substring(opens, 4, 2))) * 60000 AS opens_ms,
    (toUInt32(substring(closes, 1, 2)) * 60 + toUInt32(substring(closes, 4, 2))) * 60000 AS closes_ms,
    capacity,
    slhs_valid_until AS certified
FROM pantau_store.registry_units FINAL
WHERE region = {region:String};

-- All rows of recipients.csv. `meal_ms`: of the local day; `registered`: (group, people), only groups with people.
CREATE TABLE recipients ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    recipient_id,
    valid_from,
    toString(kecamatan) AS kec,
    unit_id,
    toString(status) AS status,
    (toUInt32(substring(meal_time, 1, 2)) * 60 + toUInt32(substring(meal_time, 4, 2))) * 60000 AS meal_ms,
    arrayFilter(g -> g.2 > 0, [
        ('paud', toUInt64(paud)), ('sd', toUInt64(sd)), ('smp', toUInt64(smp)),
        ('sma', toUInt64(sma)), ('santri', toUInt64(santri)), ('guru', toUInt64(guru)),
        ('bumil', toUInt64(bumil)), ('busui', toUInt64(busui)), ('balita', toUInt64(balita))
    ]) AS registered
FROM pantau_store.registry_recipients FINAL
WHERE region = {region:String};

-- Each day, the one after them (a kitchen may open on the evening before), and eight more, for what became of alerts of illness: its bounds, and the lines that say whether meals are served: (scope, groups, number, served).
-- The weekday is the line of the widest scope, a holiday the first of the region's.
CREATE TABLE days ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    day,
    toDateTime(toDateTime(day, {zone:String}), 'UTC') AS starts,
    toDateTime(toDateTime(day + 1, {zone:String}), 'UTC') AS ends,
    arrayConcat(
        [('weekday', CAST([], 'Array(String)'), toUInt32(0), has(r.weekdays, toDayOfWeek(day)))],
        arrayMap(h -> ('', CAST([], 'Array(String)'), toUInt32(0), toUInt8(0)), arrayFilter(h -> h = day, r.holidays)),
        arrayMap(c -> (c.3, c.4, c.5, c.6), arrayFilter(c -> day BETWEEN c.1 AND c.2, r.calendar))
    ) AS lines
FROM (SELECT {first:Date} - 29 + number AS day FROM numbers(toUInt64({last:Date} - {first:Date} + 39))) AS d
CROSS JOIN
(
    SELECT
        any(service_weekdays) AS weekdays,
        any(holidays) AS holidays,
        (
            SELECT groupArray((first_day, last_day, scope, groups, number, served))
            FROM pantau_store.registry_calendar FINAL
            WHERE region = {region:String}
        ) AS calendar
    FROM pantau_store.registry_regions FINAL
    WHERE region = {region:String}
) AS r;

-- Of each unit and day the row in force.
CREATE TABLE unit_days ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    d.day AS day,
    u.unit_id AS unit_id,
    argMax(u.kind, u.valid_from) AS kind,
    argMax(u.kec, u.valid_from) AS kec,
    argMax(u.status, u.valid_from) = 'active' AS active,
    argMax(u.registered_children, u.valid_from) AS children,
    argMax(u.opens_ms, u.valid_from) AS opens_ms,
    argMax(u.closes_ms, u.valid_from) AS closes_ms,
    max(u.valid_from) AS since
FROM days AS d
CROSS JOIN units AS u
WHERE u.valid_from <= d.day
GROUP BY day, unit_id;

-- Of each recipient and day the row in force, with its kitchen's; `counts`: both are active; `changed`: one of the rows is of the
-- last 31 days, or a line of the calendar speaks of the day; `served`: of `registered`
-- the groups that are served that day, by the line with the narrowest scope, then one that names the group, then the later.
CREATE TABLE recipient_days ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    r.*,
    r.status = 'active' AND k.k_active AS counts,
    k.k_kind AS kitchen_kind,
    k.k_kec AS kitchen_kec,
    greatest(r.since, k.k_since) > day - 31
        OR arrayExists(c -> c.1 IN ('', kec, kitchen, recipient_id) AND c.3 > 0, lines) AS changed,
    if(counts, arrayFilter(g -> arrayReverseSort(arrayMap(c -> (
        multiIf(c.1 = recipient_id, 5, c.1 = kitchen, 4, c.1 = kec, 3, c.1 = '', 2, c.1 = 'weekday', 1, 0)
            * (empty(c.2) OR has(c.2, g.1)),
        notEmpty(c.2),
        c.3,
        c.4
    ), lines))[1].4, registered), []) AS served
FROM
(
    SELECT
        d.day AS day,
        any(d.lines) AS lines,
        r.recipient_id AS recipient_id,
        argMax(r.kec, r.valid_from) AS kec,
        argMax(r.unit_id, r.valid_from) AS kitchen,
        argMax(r.status, r.valid_from) AS status,
        argMax(r.registered, r.valid_from) AS registered,
        argMax(r.meal_ms, r.valid_from) AS meal_ms,
        max(r.valid_from) AS since
    FROM days AS d
    CROSS JOIN recipients AS r
    WHERE r.valid_from <= d.day
    GROUP BY day, recipient_id
) AS r
LEFT JOIN
(
    SELECT day AS k_day, unit_id AS k_id, active AS k_active, kind AS k_kind, kec AS k_kec, since AS k_since
    FROM unit_days
) AS k ON k.k_day = r.day AND k.k_id = r.kitchen;

-- The areas whose rows exist in silence.
CREATE TABLE areas ENGINE = Memory SETTINGS compress = 1 AS
SELECT 'kecamatan' AS level, toString(arrayJoin(kecamatan).code) AS area
FROM pantau_store.registry_regions FINAL
WHERE region = {region:String}
UNION ALL
SELECT 'kabupaten', {region:String};

-- Corrections (section 2 of the public contract), after 31_group_step. No parameters. Two facts bear on each other if neither's
-- time is more than 30 days before the later receipt of the two.
--
-- A node passes if it is no wrong correction (another type than its target), loses against no rival, and does not correct a
-- retraction. It is reached if it and all above it pass and a root is above it (a ring has none). It counts if it is
-- reached, corrected by none, and no retraction. At last repeat 33_climb_step until no node climbs.

-- Facts as each view sees them. View 0 sees all; view n only what was received up to 30 days after the time of fact n, for
-- a row may be final by then: views are made for groups that took longer. `source` is made one of the view's own, so that
-- views never mix.
CREATE TABLE long_groups ENGINE = Memory SETTINGS compress = 1 AS
SELECT f.n AS n, f.t AS t, f.r AS r, g.label AS label
FROM facts AS f
JOIN groups AS g ON g.key = f.event_key;

CREATE TABLE nodes ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    rowNumberInAllBlocks() + 1 AS n,
    s.view AS view,
    s.fact AS fact,
    concat(f.source, '#', toString(s.view)) AS source,
    f.id AS id,
    f.type AS type,
    f.supersedes AS supersedes,
    f.t AS t,
    f.r AS r,
    f.rec AS rec,
    f.offset AS offset,
    f.line AS line
FROM
(
    SELECT toUInt64(0) AS view, n AS fact FROM facts
    UNION ALL
    SELECT a.n, b.n
    FROM long_groups AS a
    JOIN long_groups AS b ON b.label = a.label
    WHERE (b.n = a.n OR b.r <= a.t + 30 * 86400000)
        AND a.label IN (SELECT label FROM long_groups GROUP BY label HAVING max(r) > min(t) + 30 * 86400000)
) AS s
JOIN facts AS f ON f.n = s.fact;

-- Of each node the one that it corrects, if that has arrived and is in reach.
CREATE TABLE parents ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    c.n AS n,
    argMax(p.n, (p.offset, p.line)) AS parent,
    argMax(p.type, (p.offset, p.line)) AS parent_type
FROM nodes AS c
JOIN nodes AS p ON p.source = c.source AND p.id = c.supersedes
WHERE c.supersedes != '' AND p.n != c.n AND least(c.t, p.t) >= greatest(c.r, p.r) - 30 * 86400000
GROUP BY n;

CREATE TABLE corrections ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    c.n AS n,
    c.source AS source,
    c.supersedes AS target,
    c.id AS id,
    c.t AS t,
    c.r AS r,
    c.rec AS rec,
    p.parent AS parent,
    p.parent_type AS parent_type,
    p.parent != 0 AND c.type != p.parent_type
        AND c.type != 'event.retracted' AND p.parent_type != 'event.retracted' AS wrong
FROM nodes AS c
LEFT JOIN parents AS p ON p.n = c.n
WHERE c.supersedes != '';

-- Of several corrections of one event the greatest (recordedtime, id) wins.
CREATE TABLE losers ENGINE = Memory SETTINGS compress = 1 AS
SELECT DISTINCT c.n AS n
FROM corrections AS c
JOIN corrections AS d ON d.source = c.source AND d.target = c.target
WHERE d.n != c.n AND NOT d.wrong
    AND least(c.t, d.t) >= greatest(c.r, d.r) - 30 * 86400000
    AND (d.rec, d.id) > (c.rec, c.id);

-- Of each node whether it is `reached`, as far as it has climbed: up to `top`, and next to `up` (0: no further).
CREATE TABLE climbed ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    n.n AS n,
    if(c.wrong, 0, c.parent) AS up,
    if(up = 0, n.n, up) AS top,
    NOT c.wrong AND c.parent_type != 'event.retracted' AND n.n NOT IN (SELECT n FROM losers) AS reached
FROM nodes AS n
LEFT JOIN corrections AS c ON c.n = n.n;

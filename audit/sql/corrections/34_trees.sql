-- What corrections make of facts: `trees`, after 33_climb_step. No parameters.

CREATE TABLE settled ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    n.fact AS fact,
    n.view AS view,
    n.id AS own,
    c.reached AND c.up = 0 AS reached,
    reached AND n.type != 'event.retracted' AND n.n NOT IN (SELECT parent FROM corrections WHERE NOT wrong) AS counts,
    reached AND n.type = 'event.retracted' AS ends,
    -- Below a wrong correction is nothing that could count instead.
    if(t.supersedes = '' OR t.n IN (SELECT n FROM corrections WHERE wrong), cityHash64(t.n),
        cityHash64(t.source, t.supersedes, 'missing')) AS tree
FROM nodes AS n
JOIN climbed AS c ON c.n = n.n
JOIN nodes AS t ON t.n = c.top;

-- Whether a fact counts is seen from its own view, what counts instead from the view of all.
CREATE TABLE outcomes ENGINE = Memory SETTINGS compress = 1 AS
SELECT w.fact AS fact, w.own AS own, w.tree AS tree, w.ends AS ends, v.counts AS counts
FROM (SELECT * FROM settled WHERE view = 0) AS w
JOIN
(
    SELECT fact, argMax(counts, view) AS counts FROM settled WHERE view IN (0, fact) GROUP BY fact
) AS v ON v.fact = w.fact;

-- `single`: two events of one id that do not bear on each other have one row of status between them.
CREATE TABLE trees ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    f.*,
    s.counts AS counts,
    if(s.counts, '', if(length(e.counting) = 1, e.counting[1], '')) AS superseded_by,
    NOT s.counts AND empty(e.counting) AND e.ended AS retracted,
    count() OVER (PARTITION BY f.source, f.id) = 1 AS single,
    single AND length(e.counting) <= 1 AS clear
FROM facts AS f
JOIN
(
    SELECT fact, tree AS s_tree, counts FROM outcomes
) AS s ON s.fact = f.n
JOIN
(
    SELECT tree AS one_tree, groupArrayIf(own, counts) AS counting, max(ends) AS ended FROM outcomes GROUP BY one_tree
) AS e ON e.one_tree = s.s_tree;

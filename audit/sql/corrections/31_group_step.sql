-- One step of 30_groups: each key takes the least label beside it and its label's label. No parameters. `group_changes`
-- says how many labels changed: at 0 the groups are found.

CREATE OR REPLACE TABLE next_groups ENGINE = Memory SETTINGS compress = 1 AS
SELECT key, min(label) AS label
FROM
(
    SELECT key, label FROM groups
    UNION ALL
    SELECT t.one, g.label FROM ties AS t JOIN groups AS g ON g.key = t.other
    UNION ALL
    SELECT t.other, g.label FROM ties AS t JOIN groups AS g ON g.key = t.one
    UNION ALL
    SELECT a.key, b.label FROM groups AS a JOIN groups AS b ON b.key = a.label
)
GROUP BY key;

CREATE OR REPLACE TABLE group_changes ENGINE = Memory AS
SELECT countIf(a.label != b.label) AS n
FROM next_groups AS a
JOIN groups AS b ON b.key = a.key;

EXCHANGE TABLES next_groups AND groups;

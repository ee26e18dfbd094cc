-- A label for each (source, id) of a correction, the same for all that corrections tie together, after 20_copies. No
-- parameters. Each key begins with its own label: repeat 31_group_step until `group_steps` holds no change.

CREATE TABLE ties ENGINE = Memory SETTINGS compress = 1 AS
SELECT DISTINCT event_key AS one, cityHash64(source, supersedes) AS other
FROM facts
WHERE supersedes != '';

CREATE TABLE groups ENGINE = Memory SETTINGS compress = 1 AS
SELECT DISTINCT key, key AS label
FROM (SELECT arrayJoin([one, other]) AS key FROM ties);

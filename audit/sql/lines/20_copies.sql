-- Identity (section 2 of the public contract) for the few events that have a copy or a correction, after 12_judged. All
-- other events count as they are, so only *suspects* are judged one by one. Parameters:
--   region String          region code
--   zone   String          its time zone
--   first, last Date       local days that are audited, both inclusive

-- Keys that occur twice in the days that audited windows cover, or 62 days beside them: copies and targets of corrections
-- lie no further away. Sorted and laid beside each other: a hash table of a month of keys would be several times slower and larger.
CREATE TABLE twice ENGINE = Memory SETTINGS compress = 1 AS
SELECT DISTINCT arrayJoin(arrayFilter((k, d) -> d = 0, arrayPopFront(keys), arrayPopFront(arrayDifference(keys)))) AS key
FROM
(
    SELECT arraySort(groupArray(event_key)) AS keys
    FROM lines(region = {region:String}, zone = {zone:String}, first = {first:Date} - 91, last = {last:Date} + 62)
    GROUP BY unit_id
);

-- Keys that correct or are corrected, whenever.
CREATE TABLE tied ENGINE = Memory SETTINGS compress = 1 AS
SELECT DISTINCT arrayJoin([event_key, cityHash64(source, supersedes)]) AS key
FROM lines(region = {region:String}, zone = {zone:String}, first = '1971-01-01', last = '2149-01-01')
WHERE supersedes != '';

-- One content, one partition and times that no rule divides: what holds for one copy holds for all.
INSERT INTO plain
SELECT event_key, min((offset, line))
FROM lines(region = {region:String}, zone = {zone:String}, first = {first:Date} - 91, last = {last:Date} + 62)
WHERE event_key IN (SELECT key FROM twice) AND event_key NOT IN (SELECT key FROM tied)
GROUP BY event_key
HAVING count() = uniqExact(topic, partition, offset, line)
    AND uniqExact(content, topic, partition) = 1
    AND min(t) - min(r) <= 300000
    AND max(r) - min(t) <= 30 * 86400000;

INSERT INTO keys
SELECT key FROM tied
UNION ALL
SELECT key FROM twice WHERE key NOT IN (SELECT key FROM plain) AND key NOT IN (SELECT key FROM tied);

INSERT INTO odd
SELECT key FROM keys
UNION ALL
SELECT key FROM plain;

-- Their lines. A line may lie in the store twice until parts are merged.
CREATE TABLE suspect_lines ENGINE = Memory SETTINGS compress = 1 AS
SELECT *
FROM judged(region = {region:String}, zone = {zone:String}, first = {first:Date} - 91, last = {last:Date} + 62)
WHERE event_key IN (SELECT key FROM keys)
LIMIT 1 BY topic, partition, offset, line;

-- By position: an event in reach of the last new one is its copy, any other one is new. Two events bear on each other if
-- neither's time is more than 30 days before the later receipt of the two.
CREATE TABLE verdicts ENGINE = Memory SETTINGS compress = 1 AS
SELECT one.1 AS place, one.2 AS verdict
FROM
(
    SELECT arrayJoin(arrayZip(arrayMap(x -> x.4, lines), arrayFold(
        (acc, x) -> if(
            acc.5 AND least(acc.2, x.1) >= greatest(acc.3, x.2) - 30 * 86400000,
            (arrayPushBack(acc.1, if(acc.4 = x.3, 'duplicate', 'conflict')), acc.2, acc.3, acc.4, acc.5),
            (arrayPushBack(acc.1, 'new'), x.1, x.2, x.3, toUInt8(1))
        ),
        lines,
        (emptyArrayString(), toInt64(0), toInt64(0), toUInt64(0), toUInt8(0))
    ).1)) AS one
    FROM
    (
        SELECT arraySort(x -> (x.4.3, x.4.4), groupArray((t, r, content, (toString(topic), partition, offset, line)))) AS lines
        FROM suspect_lines
        WHERE code = ''
        GROUP BY source, id
    )
);

CREATE TABLE suspects ENGINE = Memory SETTINGS compress = 1 AS
SELECT l.*, if(l.code != '', 'refused', v.verdict) AS verdict
FROM suspect_lines AS l
LEFT JOIN verdicts AS v ON v.place = (toString(l.topic), l.partition, l.offset, l.line);

-- The new ones: of these corrections make what counts.
CREATE TABLE facts ENGINE = Memory SETTINGS compress = 1 AS
SELECT rowNumberInAllBlocks() + 1 AS n, *
FROM (SELECT * FROM suspects WHERE verdict = 'new');

-- One step of 32_nodes: each node climbs as far as the node above it has come, so that the way is halved. No parameters.
-- What still has an `up` after log2(nodes) + 1 steps goes round in a ring.

CREATE OR REPLACE TABLE next_climbed ENGINE = Memory SETTINGS compress = 1 AS
SELECT
    a.n AS n,
    b.up AS up,
    if(a.up = 0, a.top, b.top) AS top,
    a.reached AND (a.up = 0 OR b.reached) AS reached
FROM climbed AS a
LEFT JOIN climbed AS b ON b.n = a.up;

EXCHANGE TABLES next_climbed AND climbed;

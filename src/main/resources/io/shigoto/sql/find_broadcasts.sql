-- Which messages have come to light since a look before.
-- $1 topics  $2 snapshot of that look  $3 the highest id it saw
-- What that look did not see was written by transactions that had not begun then, or were under way. A server that crashes
-- may use the number of a transaction again whose traces it lost; what is published after that has a higher id. Numbers
-- that this server has not come to are those of another one, from which the rows were brought.
-- Returns the snapshot of this look and the highest id in it, with each topic that has messages and their ids; one row
-- without a topic if none has.
-- Locks: none. Relies on: broadcasts_xact, broadcasts_pkey.
WITH fresh AS MATERIALIZED (
  SELECT id, topic
    FROM shigoto.broadcasts
   WHERE xact >= pg_snapshot_xmax($2::pg_snapshot)
     AND xact < pg_snapshot_xmax(pg_current_snapshot())
   UNION
  SELECT id, topic
    FROM shigoto.broadcasts
   WHERE xact = ANY (ARRAY(SELECT pg_snapshot_xip($2::pg_snapshot)))
   UNION
  SELECT id, topic
    FROM shigoto.broadcasts
   WHERE id > $3::bigint
)
SELECT pg_current_snapshot()::text AS snapshot,
       greatest($3::bigint, (SELECT max(id) FROM fresh)) AS newest,
       waiting.topic,
       waiting.ids
  FROM (SELECT) AS look
  LEFT JOIN (
    SELECT topic, array_agg(id ORDER BY id) AS ids
      FROM fresh
     WHERE topic = ANY ($1::text[])
     GROUP BY topic
  ) AS waiting ON true

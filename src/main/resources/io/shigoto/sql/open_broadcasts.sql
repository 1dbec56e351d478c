-- The first look of a node at the messages: those that are recent, and where its next look is to begin.
-- $1 topics  $2 how far back (ms)
-- Returns the snapshot of this look and the highest id in it, with each topic that has messages and their ids; one row
-- without a topic if none has.
-- Locks: none. Relies on: broadcasts_published_at, broadcasts_pkey.
SELECT pg_current_snapshot()::text AS snapshot,
       coalesce((SELECT id FROM shigoto.broadcasts ORDER BY id DESC LIMIT 1), 0) AS newest,
       recent.topic,
       recent.ids
  FROM (SELECT) AS look
  LEFT JOIN (
    SELECT topic, array_agg(id ORDER BY id) AS ids
      FROM shigoto.broadcasts
     WHERE published_at > now() - $2::bigint * interval '1 millisecond'
       AND topic = ANY ($1::text[])
     GROUP BY topic
  ) AS recent ON true

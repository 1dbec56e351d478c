-- Forgets messages that are out of retention, whoever has handled them.
-- $1 how many at most  $2 how long they are kept (ms)
-- Locks: the rows, SKIP LOCKED. Relies on: broadcasts_published_at, broadcasts_pkey.
WITH past AS MATERIALIZED (
  SELECT id
    FROM shigoto.broadcasts
   WHERE published_at < now() - $2::bigint * interval '1 millisecond'
   ORDER BY published_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.broadcasts
 WHERE id = ANY (ARRAY(SELECT id FROM past ORDER BY id))
RETURNING id

-- Forgets batches that finished long ago.
-- $1 how many at most  $2 after how many days
-- Locks: the rows, SKIP LOCKED. Relies on: batches_finished_at, batches_pkey.
WITH past AS MATERIALIZED (
  SELECT id
    FROM shigoto.batches
   WHERE finished_at < now() - $2::integer * interval '1 day'
   ORDER BY finished_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.batches
 WHERE id = ANY (ARRAY(SELECT id FROM past ORDER BY id))
RETURNING id

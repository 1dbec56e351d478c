-- Takes discarded jobs of which workers are to be told: whoever takes one tells.
-- $1 the workers  $2 how many at most
-- Locks: the rows, SKIP LOCKED. Relies on: untold_discards_worker, untold_discards_pkey.
WITH found AS MATERIALIZED (
  SELECT id, lease
    FROM shigoto.untold_discards
   WHERE worker = ANY ($1::text[])
   ORDER BY id
   LIMIT $2::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.untold_discards AS untold
 USING found
 WHERE untold.id = found.id
   AND untold.lease = found.lease
RETURNING untold.id, untold.lease, untold.queue, untold.worker, untold.attempt, untold.max_attempts

-- Takes discarded jobs of which workers are to be told: whoever takes one tells.
-- $1 the workers  $2 how many at most
-- Each worker is looked for by itself: the oldest of all would be sought through those of workers that nobody knows.
-- Locks: the rows, SKIP LOCKED. Relies on: untold_discards_worker.
WITH found AS MATERIALIZED (
  SELECT untold.place
    FROM unnest($1::text[]) AS known (worker)
   CROSS JOIN LATERAL (
      SELECT ctid AS place
        FROM shigoto.untold_discards
       WHERE worker = known.worker
       ORDER BY id
       LIMIT $2::integer
         FOR UPDATE SKIP LOCKED
    ) AS untold
   LIMIT $2::integer
)
DELETE FROM shigoto.untold_discards
 WHERE ctid = ANY (ARRAY(SELECT place FROM found))
RETURNING id, lease, queue, worker, attempt, max_attempts

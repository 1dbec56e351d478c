-- Finds what jobs gave back, of those that have ended and gave something.
-- $1 ids
-- Locks: none. Relies on: job_history_id in each partition.
SELECT id, result::text AS result, meta::text AS meta
  FROM shigoto.job_history
 WHERE id = ANY ($1::bigint[])
   AND result IS NOT NULL

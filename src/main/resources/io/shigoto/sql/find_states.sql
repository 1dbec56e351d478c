-- Tells in which state jobs are, live or ended.
-- $1 ids
-- Locks: none. Relies on: jobs_pkey, job_history_id in each partition.
SELECT id, state::text AS state
  FROM shigoto.all_jobs
 WHERE id = ANY ($1::bigint[])

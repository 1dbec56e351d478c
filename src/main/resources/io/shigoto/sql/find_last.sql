-- Finds the newest job, live or ended.
-- Returns its id; no row if there is none.
-- Locks: none. Relies on: jobs_pkey, job_history_id in each partition.
SELECT id
  FROM shigoto.all_jobs
 ORDER BY id DESC
 LIMIT 1

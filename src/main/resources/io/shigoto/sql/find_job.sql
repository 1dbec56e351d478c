-- Finds one job, live or ended.
-- $1 id
-- Locks: none. Relies on: jobs_pkey, job_history_id in each partition.
SELECT id, state::text AS state, queue, worker, args::text AS args, meta::text AS meta, tags, priority, attempt,
       max_attempts, partition_key, inserted_at, scheduled_at, claimed_at, finished_at, owner,
       errors::text AS errors, result::text AS result,
       progress, batch_id, depends_on
  FROM shigoto.all_jobs
 WHERE id = $1

-- Moves completed runs without a result to job_history: what nearly every settlement is. See settle.sql.
-- $1 ids (ascending)  $2 leases, in the same order
-- There is no join whose order the planner could choose: the array drives the primary key, and width_bucket finds
-- a row's place in the ascending array by binary search.
-- Returns the ids that were written; one that is missing had lost its lease.
-- Locks: the rows, in id order. Relies on: jobs_pkey.
WITH finished AS (
  DELETE FROM shigoto.jobs AS job
   WHERE job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
  RETURNING job.*
),
archived AS (
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors)
  SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), 'completed', attempt, max_attempts,
         priority, queue, worker, args, meta, tags, partition_key, errors
    FROM finished
)
SELECT id FROM finished

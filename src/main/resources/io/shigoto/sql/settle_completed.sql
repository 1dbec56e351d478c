-- Moves completed runs without a result to job_history: what nearly every settlement is. See settle.sql.
-- $1 ids (ascending)  $2 leases, in the same order
-- There is no join whose order the planner could choose: the array drives the primary key, and width_bucket finds
-- a row's place in the ascending array by binary search.
-- Returns one row: null if all were written, else the ids that were, in any order: one that is missing had lost its
-- lease. And what there is to tell the nodes after the commit, or null. A row for each job is work for both sides.
-- Locks: the rows, in id order; it fails if others hold one of them for longer than a moment. Relies on: jobs_pkey.
WITH finished AS (
  DELETE FROM shigoto.jobs AS job
   WHERE (SELECT set_config('lock_timeout', '100ms', true)) IS NOT NULL
     AND job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
  RETURNING job.*
),
archived AS (
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors,
          progress, batch_id, unique_key, unique_until, unique_states, depends_on)
  SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), 'completed', attempt, max_attempts,
         priority, queue, worker, args, meta, tags, partition_key, errors,
         progress, batch_id, unique_key, unique_until, unique_states, depends_on
    FROM finished
),
followed AS MATERIALIZED (
  SELECT shigoto.jobs_ended(
           array_agg(ROW(id, 'completed', batch_id, unique_key, watched)::shigoto.ended_job ORDER BY id),
           false) AS told
    FROM finished
   WHERE watched OR batch_id IS NOT NULL OR unique_key IS NOT NULL
  HAVING count(*) > 0
)
SELECT CASE WHEN (SELECT count(*) FROM finished) < cardinality($1::bigint[])
            THEN ARRAY(SELECT id FROM finished)
       END AS written,
       (SELECT told FROM followed) AS told

-- Finds what a node owns since some time, for its self-audit.
-- $1 node  $2 claimed at least so long ago (ms)
-- The range is one owner wide, as in find_lost: its order is kept by the index. Ordered by id, or not at all, where a
-- node owns much the planner would walk the whole table by its primary key.
-- Locks: none. Relies on: jobs_owned.
SELECT job.id, job.lease, job.queue, job.worker, job.attempt, job.max_attempts
  FROM shigoto.jobs AS job
 WHERE job.owner >= $1::uuid
   AND job.owner <= $1::uuid
   AND job.claimed_at < now() - $2::bigint * interval '1 millisecond'
 ORDER BY job.owner

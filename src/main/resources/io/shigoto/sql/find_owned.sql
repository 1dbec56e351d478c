-- Finds what a node owns since some time, for its self-audit.
-- $1 node  $2 claimed at least so long ago (ms)
-- Locks: none. Relies on: jobs_owned.
SELECT job.id, job.lease, job.queue, job.worker, job.attempt, job.max_attempts
  FROM shigoto.jobs AS job
 WHERE job.owner = $1::uuid
   AND job.claimed_at < now() - $2::bigint * interval '1 millisecond'
 ORDER BY job.id

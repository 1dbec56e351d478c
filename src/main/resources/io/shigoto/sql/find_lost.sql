-- Finds runs whose node has no valid lease any more.
-- $1 how many at most
-- Locks: none; what is done with them is fenced by their lease. Relies on: jobs_owned, nodes_pkey.
SELECT job.id, job.lease, job.queue, job.worker, job.attempt, job.max_attempts
  FROM shigoto.jobs AS job
 WHERE job.owner IS NOT NULL
   AND NOT EXISTS (
     SELECT FROM shigoto.nodes AS node
      WHERE node.id = job.owner
        AND node.lease_until > now())
 ORDER BY job.id
 LIMIT $1::integer

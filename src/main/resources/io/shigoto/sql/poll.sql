-- Tells which of a node's queues have something that the node could claim.
-- $1 queues  $2 workers
-- Locks: none. Relies on: jobs_claim, one probe per queue and worker.
SELECT lane.queue
  FROM unnest($1::text[]) AS lane (queue)
 WHERE EXISTS (
   SELECT FROM unnest($2::text[]) AS served (worker)
    CROSS JOIN LATERAL (
      SELECT job.id
        FROM shigoto.jobs AS job
       WHERE job.queue = lane.queue
         AND job.worker = served.worker
         AND job.state = 'available'
       LIMIT 1
    ) AS head
 )

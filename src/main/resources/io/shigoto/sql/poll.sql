-- Tells which of a node's queues have something that the node could claim.
-- $1 queues  $2 workers
-- Any job would do. It is asked for in the order of the index, so that the planner takes the index: without an order
-- it believes that some row will do soon, and reads the whole table where none does.
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
       ORDER BY job.priority DESC, job.scheduled_at, job.id
       LIMIT 1
    ) AS head
 )

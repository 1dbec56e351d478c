-- Tells which of a node's queues have something that the node could claim, and which queues are paused, of all.
-- $1 queues  $2 workers
-- Any job would do. It is asked for in the order of the index, so that the planner takes the index: without an order
-- it believes that some row will do soon, and reads the whole table where none does.
-- Returns queues, and whether each is paused; the others have work.
-- Locks: none. Relies on: jobs_claim, one probe per queue and worker; queues_paused.
SELECT lane.queue, false AS paused
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
   AND NOT EXISTS (SELECT FROM shigoto.queues WHERE name = lane.queue AND paused)
UNION ALL
SELECT name, true FROM shigoto.queues WHERE paused

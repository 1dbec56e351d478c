-- Finds which waiting work no live node serves: pairs of queue and worker.
-- $1 how many at most
-- Walks the distinct pairs of the claim index, so it costs the same whatever waits behind each.
-- Locks: none. Relies on: jobs_claim.
WITH RECURSIVE pair AS (
  (SELECT queue, worker
     FROM shigoto.jobs
    WHERE state = 'available'
    ORDER BY queue, worker
    LIMIT 1)
  UNION ALL
  SELECT next.queue, next.worker
    FROM pair
   CROSS JOIN LATERAL (
      SELECT queue, worker
        FROM shigoto.jobs
       WHERE state = 'available'
         AND (queue, worker) > (pair.queue, pair.worker)
       ORDER BY queue, worker
       LIMIT 1
    ) AS next
)
SELECT pair.queue, pair.worker
  FROM pair
 WHERE NOT EXISTS (
   SELECT FROM shigoto.nodes AS node
    WHERE node.lease_until > now()
      AND NOT node.stopping
      AND pair.queue = ANY (node.queues)
      AND pair.worker = ANY (node.workers))
 LIMIT $1::integer

-- Lists the queues of which anything is known: they are stored, or a live node serves them, or they have jobs that are
-- available or run.
-- $1 queues that are listed in any case  $2 how many available jobs are counted in each at most
-- Walks the distinct queues of the claim index and counts no further than it is told, so it costs the same whatever
-- waits; what runs is bounded by what nodes may run.
-- Locks: none. Relies on: jobs_claim, jobs_owned, queues_pkey; on nodes being few.
WITH RECURSIVE waiting AS (
  (SELECT queue
     FROM shigoto.jobs
    WHERE state = 'available'
    ORDER BY queue
    LIMIT 1)
  UNION ALL
  SELECT next.queue
    FROM waiting
   CROSS JOIN LATERAL (
      SELECT queue
        FROM shigoto.jobs
       WHERE state = 'available'
         AND queue > waiting.queue
       ORDER BY queue
       LIMIT 1
    ) AS next
),
running AS MATERIALIZED (
  SELECT queue, count(*) AS size FROM shigoto.jobs WHERE owner IS NOT NULL GROUP BY queue
),
serving AS MATERIALIZED (
  SELECT queue, count(*) AS size
    FROM shigoto.nodes, unnest(queues) AS served (queue)
   WHERE lease_until > now()
     AND NOT stopping
   GROUP BY queue
),
known AS (
  SELECT queue FROM waiting
  UNION SELECT queue FROM running
  UNION SELECT queue FROM serving
  UNION SELECT name FROM shigoto.queues
  UNION SELECT unnest($1::text[])
)
SELECT known.queue,
       EXISTS (SELECT FROM shigoto.queues AS stored WHERE stored.name = known.queue AND stored.paused) AS paused,
       coalesce((SELECT size FROM serving WHERE serving.queue = known.queue), 0)::integer AS nodes,
       (SELECT count(*)
          FROM (SELECT FROM shigoto.jobs AS job
                 WHERE job.queue = known.queue
                   AND job.state = 'available'
                 ORDER BY job.queue, job.worker
                 LIMIT $2::integer) AS counted)::integer AS available,
       coalesce((SELECT size FROM running WHERE running.queue = known.queue), 0)::integer AS executing
  FROM known
 ORDER BY known.queue

-- Finds runs whose node has no valid lease any more.
-- $1 how many at most
-- First goes from owner to owner in the index, so it costs the same however many jobs each of them runs; then reads
-- the jobs of those that are lost. Their range is one owner wide: an order that the planner has to keep by the index.
-- With each the name of its node; its id, if the node is forgotten already.
-- A run whose row is held by a transaction of its worker's is passed over: whoever settles it would wait for that.
-- Locks: the rows found, for an instant, SKIP LOCKED; what is done with them is fenced by their lease.
-- Relies on: jobs_owned, nodes_pkey.
WITH RECURSIVE owned AS (
  (SELECT owner
     FROM shigoto.jobs
    WHERE owner IS NOT NULL
    ORDER BY owner
    LIMIT 1)
  UNION ALL
  SELECT next.owner
    FROM owned
   CROSS JOIN LATERAL (
      SELECT owner
        FROM shigoto.jobs
       WHERE owner > owned.owner
       ORDER BY owner
       LIMIT 1
    ) AS next
),
lost AS MATERIALIZED (
  SELECT owner
    FROM owned
   WHERE NOT EXISTS (
     SELECT FROM shigoto.nodes AS node
      WHERE node.id = owned.owner
        AND node.lease_until > now())
)
SELECT run.id, run.lease, run.queue, run.worker, run.attempt, run.max_attempts,
       coalesce((SELECT name FROM shigoto.nodes AS node WHERE node.id = lost.owner), lost.owner::text) AS node
  FROM lost
 CROSS JOIN LATERAL (
    SELECT job.id, job.lease, job.queue, job.worker, job.attempt, job.max_attempts
      FROM shigoto.jobs AS job
     WHERE job.owner >= lost.owner
       AND job.owner <= lost.owner
     ORDER BY job.owner
     LIMIT $1::integer
       FOR UPDATE SKIP LOCKED
  ) AS run
 LIMIT $1::integer

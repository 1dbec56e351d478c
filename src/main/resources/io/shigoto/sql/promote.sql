-- Makes due jobs available, the longest due first, and wakes their queues at commit.
-- $1 how many at most  $2 the workers that this node knows
-- Jobs that do not hold their unique keys while they wait for their time take them now, or are cancelled.
-- Returns one row: how many were due, in how many ms the next one is due (NULL: none is scheduled), the queues of those
-- that are available, whether there are loose ends to be seen to, what else the nodes are to be told (NULL: nothing), and
-- whether one of the workers is to be told of jobs that were discarded.
-- Locks: the rows moved, SKIP LOCKED, so any number of nodes may try at once; then as promote_keyless does.
-- Relies on: jobs_due, jobs_pkey, loose_ends_pkey, loose_counts_pkey,
-- untold_discards_worker.
WITH due AS MATERIALIZED (
  SELECT id, NOT state = ANY (unique_states) AS keyless
    FROM shigoto.jobs
   WHERE state IN ('scheduled', 'retryable')
     AND scheduled_at <= now()
   ORDER BY scheduled_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
),
promoted AS (
  UPDATE shigoto.jobs
     SET state = 'available'
   WHERE id = ANY (ARRAY(SELECT id FROM due WHERE keyless IS NOT TRUE ORDER BY id))
  RETURNING queue
),
entered AS MATERIALIZED (
  SELECT size, shigoto.promote_keyless(ids) AS told
    FROM (SELECT count(*) AS size, array_agg(id) AS ids FROM due WHERE keyless) AS keyless
   WHERE size > 0
),
told AS MATERIALIZED (
  SELECT pg_notify('shigoto', 'q' || queue), queue, size
    FROM (SELECT queue, count(*) AS size FROM promoted GROUP BY queue) AS woken
)
SELECT (SELECT coalesce(sum(size), 0) FROM (SELECT size FROM told UNION ALL SELECT size FROM entered) AS due)::bigint
         AS promoted,
       (SELECT ceil(extract(epoch FROM min(scheduled_at) - clock_timestamp()) * 1000)::bigint
          FROM shigoto.jobs
         WHERE state IN ('scheduled', 'retryable')
           AND scheduled_at > now()) AS next_due_in,
       ARRAY(SELECT queue::text FROM told) AS queues,
       (SELECT id FROM shigoto.loose_ends ORDER BY parent_id LIMIT 1) IS NOT NULL
         OR (SELECT id FROM shigoto.loose_counts ORDER BY batch_id LIMIT 1) IS NOT NULL AS loose,
       (SELECT told FROM entered) AS told,
       EXISTS (SELECT FROM shigoto.untold_discards WHERE worker = ANY ($2::text[])) AS untold

-- Makes due jobs available, the longest due first, and wakes their queues at commit.
-- $1 how many at most
-- Returns one row: how many, in how many ms the next one is due (NULL: none is scheduled), their queues, and whether
-- there are loose ends to be seen to.
-- Locks: the rows moved, SKIP LOCKED, so any number of nodes may try at once. Relies on: jobs_due, jobs_pkey,
-- loose_ends_pkey, loose_counts_pkey.
WITH due AS MATERIALIZED (
  SELECT id
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
   WHERE id = ANY (ARRAY(SELECT id FROM due ORDER BY id))
  RETURNING queue
),
told AS MATERIALIZED (
  SELECT pg_notify('shigoto', 'q' || queue), queue, size
    FROM (SELECT queue, count(*) AS size FROM promoted GROUP BY queue) AS woken
)
SELECT (SELECT coalesce(sum(size), 0) FROM told)::bigint AS promoted,
       (SELECT ceil(extract(epoch FROM min(scheduled_at) - clock_timestamp()) * 1000)::bigint
          FROM shigoto.jobs
         WHERE state IN ('scheduled', 'retryable')
           AND scheduled_at > now()) AS next_due_in,
       ARRAY(SELECT queue FROM told) AS queues,
       (SELECT id FROM shigoto.loose_ends ORDER BY id LIMIT 1) IS NOT NULL
         OR (SELECT id FROM shigoto.loose_counts ORDER BY id LIMIT 1) IS NOT NULL AS loose

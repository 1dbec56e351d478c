-- Looks at loose ends whose jobs live: from now on these are watched, and whoever ends them sees to those that wait.
-- $1 how many jobs are looked at, at most  $2 behind which one it begins
-- Goes from job to job, however many loose ends each has.
-- Waits for nobody: a job that is locked, because it is claimed or settled at this moment, is left for the next look.
-- The jobs are written whether they are watched already or not: a transaction that repeats its reads must not end them
-- without having seen who waits.
-- Returns one row: how many jobs were seen, how many of them are done with, behind which it goes on (NULL: there are no
-- more), and the queues of available jobs that a claim may have passed over meanwhile.
-- Locks: the jobs, SKIP LOCKED; then their loose ends. Relies on: loose_ends_pkey, jobs_pkey.
WITH RECURSIVE parent AS (
  (SELECT parent_id AS id FROM shigoto.loose_ends WHERE parent_id > $2::bigint ORDER BY parent_id LIMIT 1)
   UNION ALL
  SELECT (SELECT parent_id FROM shigoto.loose_ends WHERE parent_id > parent.id ORDER BY parent_id LIMIT 1)
    FROM parent
   WHERE parent.id IS NOT NULL
),
seen AS MATERIALIZED (
  SELECT id FROM parent WHERE id IS NOT NULL LIMIT $1::integer
),
free AS MATERIALIZED (
  SELECT id
    FROM shigoto.jobs
   WHERE id = ANY (ARRAY(SELECT seen.id FROM seen ORDER BY seen.id))
     FOR NO KEY UPDATE SKIP LOCKED
),
watched AS (
  UPDATE shigoto.jobs
     SET watched = true
   WHERE id = ANY (ARRAY(SELECT free.id FROM free ORDER BY free.id))
  RETURNING id, queue, state
),
tied AS (
  DELETE FROM shigoto.loose_ends
   WHERE parent_id = ANY (ARRAY(SELECT watched.id FROM watched ORDER BY watched.id))
)
SELECT count(*) AS seen,
       (SELECT count(*) FROM watched) AS done,
       CASE WHEN count(*) = $1::integer THEN max(id) END AS last,
       ARRAY(SELECT DISTINCT queue::text FROM watched WHERE state = 'available') AS queues
  FROM seen

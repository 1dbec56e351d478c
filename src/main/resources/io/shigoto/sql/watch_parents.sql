-- Looks at loose ends whose jobs live: from now on these are watched, and whoever ends them sees to those that wait.
-- $1 how many at most
-- Waits for nobody: a job that is locked, because it is claimed or settled at this moment, is left for the next look.
-- The jobs are written whether they are watched already or not: a transaction that repeats its reads must not end them
-- without having seen who waits.
-- Returns one row: how many loose ends were seen, how many of them are done with, and the queues of available jobs
-- that a claim may have passed over meanwhile.
-- Locks: the loose ends and the jobs, SKIP LOCKED. Relies on: loose_ends_pkey, jobs_pkey.
WITH loose AS MATERIALIZED (
  SELECT id, parent_id
    FROM shigoto.loose_ends
   ORDER BY id
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
),
free AS MATERIALIZED (
  SELECT id
    FROM shigoto.jobs
   WHERE id = ANY (ARRAY(SELECT DISTINCT parent_id FROM loose ORDER BY parent_id))
     FOR NO KEY UPDATE SKIP LOCKED
),
parent AS (
  UPDATE shigoto.jobs
     SET watched = true
   WHERE id = ANY (ARRAY(SELECT id FROM free ORDER BY id))
  RETURNING id, queue, state
),
tied AS (
  DELETE FROM shigoto.loose_ends
   WHERE id = ANY (ARRAY(SELECT loose.id FROM loose WHERE loose.parent_id IN (SELECT parent.id FROM parent)))
  RETURNING id
)
SELECT (SELECT count(*) FROM loose) AS seen,
       (SELECT count(*) FROM tied) AS done,
       ARRAY(SELECT DISTINCT queue FROM parent WHERE state = 'available') AS queues

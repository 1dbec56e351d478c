-- Looks how jobs stand for whom somebody waits, and marks those that have not ended: their end will be told.
-- $1 ids (ascending)
-- Returns a row for each: 'live'; 'watched', if its end will be told, with its queue if it was available when it was
-- marked just now (a claim may have passed over it meanwhile); or the state in which it ended, with its result and its
-- last error. A live one has a second row once it is marked. One that is not there has none.
-- A row that somebody else holds is left alone, and is to be looked at again.
-- Locks: the rows that are marked, in id order, SKIP LOCKED. Relies on: jobs_pkey, job_history_id in each partition.
WITH live AS MATERIALIZED (
  SELECT id, watched
    FROM shigoto.jobs
   WHERE id = ANY ($1::bigint[])
),
free AS MATERIALIZED (
  SELECT id
    FROM shigoto.jobs
   WHERE id = ANY (ARRAY(SELECT id FROM live WHERE watched IS NOT TRUE ORDER BY id))
   ORDER BY id
     FOR NO KEY UPDATE SKIP LOCKED
),
marked AS (
  UPDATE shigoto.jobs AS job
     SET watched = true
   WHERE job.id = ANY (ARRAY(SELECT id FROM free ORDER BY id))
  RETURNING job.id, CASE job.state WHEN 'available' THEN job.queue END AS queue
)
SELECT id, CASE WHEN watched THEN 'watched' ELSE 'live' END AS standing, NULL::text AS queue, NULL::text AS result,
       NULL::text AS error_type, NULL::text AS error_message
  FROM live
UNION ALL
SELECT id, 'watched', queue, NULL, NULL, NULL
  FROM marked
UNION ALL
SELECT id, state::text, NULL, result::text, errors -> -1 ->> 'type', errors -> -1 ->> 'message'
  FROM shigoto.job_history
 WHERE id = ANY (ARRAY(SELECT unnest($1::bigint[]) EXCEPT SELECT id FROM live))

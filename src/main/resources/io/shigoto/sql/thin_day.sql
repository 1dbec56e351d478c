-- Deletes jobs in some states from a day of history: a slice of it, in the order of their ids.
-- If completed ones are not meant, it is a slice of those alone that failed. The word in braces is put in by the caller.
-- $1 how many rows are looked at, at most  $2 one text: behind which job it goes on  $3 terminal states
-- Returns one row: the job behind which the next look goes on, as one text, and how many were left because somebody holds
-- them; none if there was nothing to look at.
-- Locks: the rows, SKIP LOCKED. Relies on: job_history_id, job_history_failed in each partition.
WITH slice AS MATERIALIZED (
  ( SELECT ctid AS place, id, state
      FROM shigoto.{name}
     WHERE id > ($2::text[])[1]::bigint
       AND 'completed' = ANY ($3::text[]::shigoto.job_state[])
     ORDER BY id
     LIMIT $1::integer )
  UNION ALL
  ( SELECT ctid, id, state
      FROM shigoto.{name}
     WHERE id > ($2::text[])[1]::bigint
       AND state <> 'completed'
       AND NOT 'completed' = ANY ($3::text[]::shigoto.job_state[])
     ORDER BY id
     LIMIT $1::integer )
),
free AS MATERIALIZED (
  SELECT ctid AS place
    FROM shigoto.{name}
   WHERE ctid = ANY (ARRAY(SELECT place FROM slice WHERE state = ANY ($3::text[]::shigoto.job_state[])))
     FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM shigoto.{name}
   WHERE ctid = ANY (ARRAY(SELECT place FROM free))
  RETURNING id
)
SELECT ARRAY[max(id)::text] AS last,
       count(*) FILTER (WHERE state = ANY ($3::text[]::shigoto.job_state[])) - (SELECT count(*) FROM deleted) AS remaining
  FROM slice
HAVING count(*) > 0

-- Finds jobs that are gone although others wait for them: somebody has deleted them. They are looked at as if they had
-- just ended.
-- $1 how many rows are looked at, at most  $2 one text: behind which job it goes on
-- Returns one row: the job behind which the next look goes on, as one text, and how many were gone; none if there was
-- nothing to look at.
-- Locks: none but its own new rows. Relies on: dependencies_pkey, jobs_pkey.
WITH slice AS MATERIALIZED (
  SELECT parent_id
    FROM shigoto.dependencies
   WHERE parent_id > ($2::text[])[1]::bigint
   ORDER BY parent_id
   LIMIT $1::integer
),
gone AS (
  INSERT INTO shigoto.loose_ends (parent_id)
  SELECT parent_id
    FROM (SELECT DISTINCT parent_id FROM slice) AS parent
   WHERE (SELECT id FROM shigoto.jobs WHERE id = parent_id LIMIT 1) IS NULL
   ORDER BY parent_id
  RETURNING parent_id
)
SELECT ARRAY[max(parent_id)::text] AS last, (SELECT count(*) FROM gone) AS gone
  FROM slice
HAVING count(*) > 0

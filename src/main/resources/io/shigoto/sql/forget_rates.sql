-- Forgets what has been permitted to start and no longer counts.
-- $1 how many rows are looked at, at most  $2 worker, rule and partition key behind which it goes on
-- $3 for how long it is kept after it counts (ms)
-- There is no index of what is over: each claim would have to write it.
-- Returns one row: the key behind which the next look goes on, and how many were forgotten; none if there was nothing to
-- look at.
-- Locks: the rows, SKIP LOCKED. Relies on: rates_pkey.
WITH slice AS MATERIALIZED (
  SELECT ctid AS place, worker, rule, partition_key, gone_at
    FROM shigoto.rates
   WHERE (worker, rule, partition_key) > (($2::text[])[1], ($2::text[])[2], ($2::text[])[3])
   ORDER BY worker, rule, partition_key
   LIMIT $1::integer
),
past AS MATERIALIZED (
  SELECT ctid AS place
    FROM shigoto.rates
   WHERE ctid = ANY (ARRAY(
           SELECT place FROM slice WHERE gone_at < now() - $3::bigint * interval '1 millisecond'))
     AND gone_at < now() - $3::bigint * interval '1 millisecond'
     FOR UPDATE SKIP LOCKED
),
forgotten AS (
  DELETE FROM shigoto.rates WHERE ctid = ANY (ARRAY(SELECT place FROM past)) RETURNING worker
)
SELECT ARRAY[worker, rule, partition_key] AS last, (SELECT count(*) FROM forgotten) AS forgotten
  FROM slice
 ORDER BY worker DESC, rule DESC, partition_key DESC
 LIMIT 1

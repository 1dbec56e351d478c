-- Finds what jobs gave back, of those that have ended and gave something.
-- $1 ids  $2 how many bytes at most; one result in any case
-- Weighed before it is read: a compressed value as the largest that it may have been.
-- Returns a row for each, the smallest ids first; those for which there was no room without their result.
-- Locks: none. Relies on: job_history_id in each partition.
SELECT id,
       CASE WHEN before < $2::bigint THEN result::text END AS result,
       CASE WHEN before < $2::bigint THEN meta::text END AS meta,
       inserted_at
  FROM (SELECT id, result, meta, inserted_at,
               coalesce(sum(shigoto.weight(result, meta)) OVER (
                 ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
          FROM shigoto.job_history
         WHERE id = ANY ($1::bigint[])
           AND result IS NOT NULL) AS found
 ORDER BY id

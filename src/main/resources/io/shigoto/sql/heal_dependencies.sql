-- Finds jobs that are gone although others wait for them: somebody has deleted them. They are looked at as if they had
-- just ended.
-- Locks: none but its own new rows. Relies on: dependencies_pkey, jobs_pkey.
INSERT INTO shigoto.loose_ends (parent_id)
SELECT DISTINCT parent_id
  FROM shigoto.dependencies
 WHERE NOT EXISTS (SELECT FROM shigoto.jobs WHERE id = parent_id)
RETURNING parent_id

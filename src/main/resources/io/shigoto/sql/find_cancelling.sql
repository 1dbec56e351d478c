-- Finds which of its runs a node is to end, because their jobs were called off.
-- $1 node
-- Locks: none; what is done with them is fenced by their lease. Relies on: jobs_cancelling, nearly always empty.
SELECT id, lease
  FROM shigoto.jobs
 WHERE cancelling = $1::uuid

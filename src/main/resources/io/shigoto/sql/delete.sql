-- Deletes jobs that do not run, live and ended ones.
-- $1 ids (ascending)  $2 only those in these states
-- Waits for nobody for long: what others hold locked is left to another look.
-- Returns a row for each job that was found: 'deleted' (with the state it was in), 'running', or 'locked'. And a row
-- without an id, if there is something more to tell the nodes after the commit.
-- Locks: the rows, live ones first, each kind in id order, SKIP LOCKED; then as cancel.sql. Relies on: jobs_pkey,
-- job_history_id in each partition, dependencies_pkey, unique_keys_pkey.
SELECT id, outcome, queue, worker, detail, told
  FROM shigoto.delete_jobs($1::bigint[], $2::text[]::shigoto.job_state[])

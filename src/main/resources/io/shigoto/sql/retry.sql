-- Has jobs run once more: those that were discarded or cancelled live again, those that wait for their time are due now.
-- $1 ids (ascending)  $2 only those in these states
-- Waits for nobody for long: what others hold locked is left to another look.
-- Returns a row for each job that was found: 'retried', 'due_now', 'held' (with the job that has its unique key),
-- 'locked', or 'untried' (it did not come to it). With some, what the nodes are to be told after the commit.
-- Locks: the rows, those of the history first, each kind in id order, SKIP LOCKED; then keys in the order of the keys;
-- then batches. Relies on: jobs_pkey, job_history_id in each partition, unique_keys_pkey.
SELECT id, outcome, queue, worker, detail, told
  FROM shigoto.retry_jobs($1::bigint[], $2::text[]::shigoto.job_state[])

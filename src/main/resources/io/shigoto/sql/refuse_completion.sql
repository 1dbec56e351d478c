-- Says why the completion of a run was not written in its worker's transaction: returns true if that run has completed
-- its job already; otherwise it has lost its lease, which is an error (SHLST), so that the transaction cannot commit.
-- $1 id  $2 lease
-- Locks: none. Relies on: job_history_id in each partition.
SELECT shigoto.refuse_completion($1::bigint, $2::bigint)

-- Completes a run in a transaction of its worker's.
-- $1 the text of settle.sql  $2 id  $3 lease  $4 result (JSON, NULL)
-- Returns whether it was written; false if that run has completed its job before. If it has lost its lease, that is an
-- error (SHLST), so that the transaction cannot commit.
-- Locks: as settle.sql, until the end of the transaction. Relies on: jobs_pkey, job_history_id in each partition.
SELECT shigoto.complete($1::text, $2::bigint, $3::bigint, $4::text)

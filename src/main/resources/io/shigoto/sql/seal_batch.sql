-- Seals a batch. Whoever adds to it in an unfinished transaction is waited for.
-- $1 id  $2 whether the nodes hear of it at commit, which is the caller's
-- Returns one row: what the nodes are to be told after the commit; NULL if there is no such batch.
-- Locks: the batch. Relies on: batches_pkey, loose_counts_batch.
SELECT shigoto.seal_batch($1::bigint, $2::boolean) AS told

-- Adds to the counts of batches what transactions of callers have left.
-- $1 how many at most
-- Returns one row: what the nodes are to be told after the commit; NULL if there was nothing.
-- Locks: the batches, SKIP LOCKED. Relies on: loose_counts_pkey, loose_counts_batch, batches_pkey.
SELECT shigoto.fold_counts($1::integer) AS told

-- Adds to the counts of batches what was left to be added.
-- $1 how many at most
-- Returns one row: what the nodes are to be told after the commit, and whether something is left because others hold a
-- batch.
-- Locks: the batches, SKIP LOCKED. Relies on: loose_counts_pkey, loose_counts_batch, batches_pkey.
SELECT told, held FROM shigoto.fold_counts($1::integer)

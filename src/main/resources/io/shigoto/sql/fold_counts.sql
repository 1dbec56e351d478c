-- Adds to the counts of batches what was left to be added.
-- $1 how many batches are looked at, at most  $2 behind which one it begins
-- Returns one row: what the nodes are to be told after the commit, whether something is left because others hold a
-- batch, and behind which batch it goes on (NULL: there are no more).
-- Locks: the batches, SKIP LOCKED. Relies on: loose_counts_pkey, batches_pkey.
SELECT told, held, last FROM shigoto.fold_counts($1::integer, $2::bigint)

-- Looks at loose ends whose jobs have ended: those that wait for them move on.
-- $1 how many at most
-- Returns one row: how many loose ends are done with, but for those that were left anew, and what the nodes are to be
-- told after the commit.
-- Locks: the loose ends, SKIP LOCKED; then what follow_ends locks. Relies on: loose_ends_pkey, job_history_id in each
-- partition, dependencies_pkey.
SELECT done, told FROM shigoto.follow_loose_ends($1::integer)

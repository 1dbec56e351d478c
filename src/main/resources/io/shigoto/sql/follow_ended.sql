-- Looks at loose ends whose jobs have ended: those that wait for them move on.
-- $1 behind which job  $2 up to which
-- Returns one row: whether loose ends are left of these, and what the nodes are to be told after the commit.
-- Locks: rows of the history and the loose ends, SKIP LOCKED; then what follow_ends locks. Relies on: loose_ends_pkey,
-- job_history_id in each partition, dependencies_pkey.
SELECT some_are_left, told FROM shigoto.follow_loose_ends($1::bigint, $2::bigint)

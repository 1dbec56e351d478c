-- Tells which of some jobs do not live any more: they have ended, or were deleted.
-- $1 ids
-- The array drives the primary key; as a join it could be planned to read the whole table.
-- Locks: none. Relies on: jobs_pkey.
SELECT unnest($1::bigint[]) AS id
EXCEPT
SELECT id FROM shigoto.jobs WHERE id = ANY ($1::bigint[])

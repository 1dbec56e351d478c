-- Lets one node at a time migrate a schema; the others wait for its commit.
-- $1 schema
-- Locks: an advisory lock, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext($1), 7244)

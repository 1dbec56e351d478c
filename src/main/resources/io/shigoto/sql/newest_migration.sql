-- Finds the newest step that was applied; the version that was given if there is none.
-- $1 version
-- Locks: none. Relies on: migrations_pkey.
SELECT coalesce(max(version), $1::integer) FROM shigoto.migrations WHERE version > $1::integer

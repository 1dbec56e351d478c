-- Tells whether the schema was ever migrated.
-- $1 the qualified name of the table of migrations
-- Locks: none.
SELECT to_regclass($1) IS NOT NULL

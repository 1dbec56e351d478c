-- Drops one day of history. The word in braces is put in by the caller.
-- Locks: job_history and the partition, ACCESS EXCLUSIVE, for an instant.
DROP TABLE IF EXISTS shigoto.{name}

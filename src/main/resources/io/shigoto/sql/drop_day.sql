-- Drops one day of history. The word in braces is put in by the caller.
-- Gives up soon if somebody reads the history: whoever comes after a waiting lock waits too, settlements among them.
-- Locks: job_history and the partition, ACCESS EXCLUSIVE, for an instant.
DO $day$
BEGIN
  SET LOCAL lock_timeout = '200ms';
  DROP TABLE IF EXISTS shigoto.{name};
END $day$

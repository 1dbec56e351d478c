-- Makes the partition of one day of history. The words in braces are put in by the caller: DDL takes no parameters.
-- Gives up soon if somebody reads the history: whoever comes after a waiting lock waits too, settlements among them.
-- Locks: job_history, SHARE UPDATE EXCLUSIVE; the default partition, ACCESS EXCLUSIVE, while it is looked through.
DO $day$
BEGIN
  SET LOCAL lock_timeout = '200ms';
  CREATE TABLE IF NOT EXISTS shigoto.{name} PARTITION OF shigoto.job_history
    FOR VALUES FROM ('{day} 00:00:00+00') TO ('{next_day} 00:00:00+00');
END $day$

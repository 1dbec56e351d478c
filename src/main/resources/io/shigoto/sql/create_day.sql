-- Makes the partition of one day of history. The words in braces are put in by the caller: DDL takes no parameters.
-- Gives up soon if somebody reads the history: whoever comes after a waiting lock waits too, settlements among them.
-- ATTACH PARTITION would lock less, and too little: a settlement on its way to the default partition would be refused there.
-- Locks: job_history and the default partition, ACCESS EXCLUSIVE, while that is looked through.
DO $day$
BEGIN
  SET LOCAL lock_timeout = '200ms';
  CREATE TABLE IF NOT EXISTS shigoto.{name} PARTITION OF shigoto.job_history
    FOR VALUES FROM ('{day} 00:00:00+00') TO ('{next_day} 00:00:00+00');
END $day$

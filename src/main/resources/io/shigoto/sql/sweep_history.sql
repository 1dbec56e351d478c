-- Deletes what is too old from the default partition, where days without a partition of their own went.
-- $1 days of history to keep
-- Locks: the rows. Relies on: the default partition being empty or small.
DELETE FROM shigoto.job_history_default
 WHERE finished_at < date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - $1::integer * interval '1 day'
RETURNING id

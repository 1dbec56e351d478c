-- Forgets batches that finished long ago.
-- $1 after how many days
-- Locks: the rows. Relies on: batches_finished_at.
DELETE FROM shigoto.batches
 WHERE finished_at < now() - $1::integer * interval '1 day'
RETURNING id

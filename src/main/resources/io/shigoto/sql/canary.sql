-- Notifies the node that sends it, by way of another connection than the one that listens.
-- $1 the node's own channel
-- A notification is worth nothing after a crash: its commit does not wait for the disk.
-- Locks: the notification queue, for an instant; nothing else is in this transaction.
SELECT pg_notify($1, '') FROM set_config('synchronous_commit', 'off', true)

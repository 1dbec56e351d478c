-- Wakes the nodes: one notification per payload, 'q' and a queue, or 'd' and in how many ms a job is due.
-- $1 payloads
-- A notification is worth nothing after a crash: its commit does not wait for the disk.
-- Locks: the notification queue, for an instant; nothing else is in this transaction.
SELECT pg_notify('shigoto', payload)
  FROM set_config('synchronous_commit', 'off', true),
       unnest($1::text[]) AS woken (payload)

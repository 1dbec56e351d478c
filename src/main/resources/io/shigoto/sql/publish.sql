-- Publishes a group of messages, in the order of the arrays.
-- $1 notify ('on' has the nodes look at commit, 'off' leaves it to the caller)  $2 topics  $3 payloads (JSON)
-- Returns their ids in that order.
-- Locks: none but its own new rows. Relies on: the identity sequence, which follows the order of the SELECT.
INSERT INTO shigoto.broadcasts (topic, payload)
SELECT message.topic, message.payload::jsonb
  FROM set_config('shigoto.notify', $1, true),
       unnest($2::text[], $3::text[]) WITH ORDINALITY AS message (topic, payload, n)
 ORDER BY message.n
RETURNING id

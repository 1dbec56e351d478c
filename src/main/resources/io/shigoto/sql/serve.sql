-- Tells which queues a node serves from now on.
-- $1 node  $2 queues
-- Locks: its own row. Relies on: nodes_pkey.
UPDATE shigoto.nodes SET queues = $2::text[] WHERE id = $1::uuid RETURNING id

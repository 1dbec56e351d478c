-- Tells which queues a node serves from now on, and whether it claims no more at all.
-- $1 node  $2 queues  $3 whether it is stopping
-- Locks: its own row. Relies on: nodes_pkey.
UPDATE shigoto.nodes SET queues = $2::text[], stopping = $3 WHERE id = $1::uuid RETURNING id

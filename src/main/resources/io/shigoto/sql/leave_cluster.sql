-- Gives up a node's lease. What it still owns, if anything, is rescued at once.
-- $1 node
-- Locks: its own row. Relies on: nodes_pkey.
DELETE FROM shigoto.nodes WHERE id = $1::uuid RETURNING id

-- Finds one batch, with what is still to be added to its counts.
-- $1 id
-- Locks: none. Relies on: batches_pkey, loose_counts_batch.
SELECT batch.id,
       batch.total + loose.total AS total,
       batch.completed + loose.completed AS completed,
       batch.discarded + loose.discarded AS discarded,
       batch.cancelled + loose.cancelled AS cancelled,
       batch.opened_at, batch.sealed_at, batch.finished_at, batch.callback_id
  FROM shigoto.batches AS batch
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(total), 0)::bigint AS total,
           coalesce(sum(completed), 0)::bigint AS completed,
           coalesce(sum(discarded), 0)::bigint AS discarded,
           coalesce(sum(cancelled), 0)::bigint AS cancelled
      FROM shigoto.loose_counts
     WHERE batch_id = batch.id
  ) AS loose
 WHERE batch.id = $1::bigint

-- Opens a batch. $1 to $8 are its callback:
-- $1 queue  $2 worker  $3 args (JSON)  $4 priority  $5 max attempts  $6 meta (JSON, NULL)  $7 tags (JSON array, NULL)
-- $8 partition key (NULL)
-- Returns its id.
-- Locks: its own new row.
INSERT INTO shigoto.batches (callback.queue, callback.worker, callback.args, callback.priority, callback.max_attempts,
       callback.meta, callback.tags, callback.partition_key)
VALUES ($1, $2, $3::text::jsonb, $4::smallint, $5::integer, $6::text::jsonb,
        CASE WHEN $7::text IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text($7::text::jsonb)) END, $8)
RETURNING id

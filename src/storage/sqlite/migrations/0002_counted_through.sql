-- Where counting is strict, the first delivery of an entry is counted by a mark of its queue instead of in its own row:
-- one row a commit instead of one an entry.

ALTER TABLE counters ADD COLUMN counted_through INTEGER NOT NULL DEFAULT 0;

DROP VIEW rowmq_messages;
CREATE VIEW rowmq_messages AS
SELECT n.name AS namespace,
       q.name AS queue,
       m.id AS message_id,
       e.sequence AS sequence,
       e.lane AS lane,
       CASE WHEN e.receives > 0 OR e.sequence <= max(c.delivered_through, c.counted_through) THEN 'delivered' ELSE 'ready' END AS state,
       m.body AS body,
       m.properties AS properties,
       datetime(m.published_at_ms / 1000, 'unixepoch') AS published_at,
       m.published_at_ms AS published_at_ms,
       CASE WHEN e.receives = 0 AND e.sequence <= c.counted_through THEN 1 ELSE e.receives END AS receives,
       e.message_group AS message_group,
       e.expires_at_ms AS expires_at_ms,
       e.available_at_ms AS available_at_ms,
       e.bytes AS bytes,
       e.copies AS copies,
       e.notes AS notes
FROM queue_messages e
JOIN queues q ON q.id = e.queue AND q.deleted = 0 AND e.sequence > q.floor
LEFT JOIN namespaces n ON n.id = q.namespace
LEFT JOIN counters c ON c.queue = e.queue
JOIN messages m ON m.id = e.message;

-- Every statement gives rows only where something is wrong, but for the totals and the rows that are read for their checksums.

-- name: check_integrity
PRAGMA integrity_check(100)

-- name: page_size
PRAGMA page_size

-- name: check_totals
SELECT (SELECT count(*) FROM queues), (SELECT count(*) FROM messages), (SELECT count(*) FROM queue_messages), (SELECT count(*) FROM delayed_messages)

-- name: check_messages
SELECT id, published_at_ms, crc32c, properties, body FROM messages

-- name: check_entries
SELECT queue, lane, sequence, message, crc32c, copies, bytes, message_group FROM queue_messages

-- name: check_delayed
SELECT queue, lane, sequence, message, crc32c, copies, bytes, message_group FROM delayed_messages

-- name: check_counters
-- What the counters say is owed, against the rows above the floors.
SELECT c.queue, c.sent - c.done - c.dead_lettered - c.expired - c.purged - c.overflowed - c.redriven AS owed, coalesce(e.n, 0) + coalesce(d.n, 0) AS found, c.delayed, coalesce(d.n, 0) AS found_delayed, c.bytes, coalesce(e.b, 0) + coalesce(d.b, 0) AS found_bytes
FROM counters AS c
JOIN queues AS q ON q.id = c.queue AND q.deleted = 0
LEFT JOIN (SELECT m.queue, count(*) AS n, sum(m.bytes) AS b FROM queue_messages AS m CROSS JOIN queues AS o ON o.id = m.queue WHERE m.sequence > o.floor GROUP BY m.queue) AS e ON e.queue = c.queue
LEFT JOIN (SELECT m.queue, count(*) AS n, sum(m.bytes) AS b FROM delayed_messages AS m CROSS JOIN queues AS o ON o.id = m.queue WHERE m.sequence > o.delayed_floor GROUP BY m.queue) AS d ON d.queue = c.queue
WHERE owed <> found OR c.delayed <> found_delayed OR c.bytes <> found_bytes

-- name: check_uncounted
SELECT id FROM queues WHERE id NOT IN (SELECT queue FROM counters)
UNION ALL SELECT queue FROM counters WHERE queue NOT IN (SELECT id FROM queues)

-- name: check_bodiless
SELECT 'queue_messages', queue, sequence, message FROM queue_messages WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = message)
UNION ALL
SELECT 'delayed_messages', queue, sequence, message FROM delayed_messages WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = message)

-- name: check_unowed
SELECT id FROM messages EXCEPT SELECT message FROM (SELECT message FROM queue_messages UNION ALL SELECT message FROM delayed_messages)

-- name: check_queueless
SELECT 'queue_messages', queue, count(*) FROM queue_messages WHERE queue NOT IN (SELECT id FROM queues) GROUP BY queue
UNION ALL
SELECT 'delayed_messages', queue, count(*) FROM delayed_messages WHERE queue NOT IN (SELECT id FROM queues) GROUP BY queue

-- name: check_shares
SELECT coalesce(owed.message, s.message), coalesce(s.remaining, 0), coalesce(owed.n, 0)
FROM (SELECT message, count(*) AS n FROM (SELECT message FROM queue_messages WHERE copies > 1 UNION ALL SELECT message FROM delayed_messages WHERE copies > 1) GROUP BY message) AS owed
FULL JOIN shares AS s ON s.message = owed.message
WHERE coalesce(s.remaining, 0) <> coalesce(owed.n, 0)

-- name: put_delayed
-- rows: 64 8 1
INSERT OR FAIL INTO delayed_messages (due_at_ms, queue, lane, sequence, message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes) VALUES
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) -- row

-- name: delayed_exists
SELECT 1 FROM delayed_messages WHERE due_at_ms = ? AND sequence = ? AND queue = ?

-- name: remove_delayed
DELETE FROM delayed_messages WHERE due_at_ms = ? AND sequence = ? AND queue = ?

-- name: first_due
SELECT min(due_at_ms) FROM delayed_messages

-- name: due
SELECT due_at_ms, queue, lane, sequence, message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes
FROM delayed_messages ORDER BY due_at_ms, sequence, queue LIMIT ?

-- name: delayed_of_queue
-- The first rows in due order are found in the index alone (it ends with the primary key), then read whole.
SELECT d.due_at_ms, d.queue, d.lane, d.sequence, d.message, d.crc32c, d.copies, d.bytes, d.receives, d.expires_at_ms, d.available_at_ms, d.message_group, d.notes
FROM (SELECT due_at_ms, sequence, queue FROM delayed_messages INDEXED BY delayed_messages_by_queue
      WHERE queue = ?1 AND (due_at_ms, sequence) > (?2, ?3) ORDER BY due_at_ms, sequence LIMIT ?4) AS first
CROSS JOIN delayed_messages AS d ON d.due_at_ms = first.due_at_ms AND d.sequence = first.sequence AND d.queue = first.queue
ORDER BY first.due_at_ms, first.sequence

-- name: delayed_of_message
SELECT due_at_ms, queue, lane, sequence, message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes
FROM delayed_messages WHERE queue = ? AND message = ? ORDER BY due_at_ms, sequence LIMIT ?

-- name: delayed_to_sweep
SELECT due_at_ms, lane, sequence, message, copies FROM delayed_messages INDEXED BY delayed_messages_by_queue
WHERE queue = ? AND sequence <= ? LIMIT ?

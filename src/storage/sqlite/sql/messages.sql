-- name: put_messages
-- rows: 64 8 1
-- OR FAIL: a violated constraint is a bug and fails the whole transaction anyway; without it SQLite keeps a statement journal.
INSERT OR FAIL INTO messages (id, published_at_ms, crc32c, properties, body) VALUES
(?, ?, ?, ?, ?) -- row

-- name: remove_message
DELETE FROM messages WHERE id = ?

-- name: remove_message_range
DELETE FROM messages WHERE id BETWEEN ? AND ?

-- name: ids_between
SELECT id FROM messages WHERE id BETWEEN ? AND ? ORDER BY id

-- name: messages_from
SELECT id, published_at_ms, crc32c, properties, body FROM messages WHERE id >= ? ORDER BY id

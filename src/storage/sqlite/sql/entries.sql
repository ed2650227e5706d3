-- name: put_entries
-- rows: 64 8 1
INSERT OR FAIL INTO queue_messages (queue, lane, sequence, message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes) VALUES
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) -- row

-- name: update_entry
UPDATE queue_messages SET receives = ?4, available_at_ms = ?5 WHERE queue = ?1 AND lane = ?2 AND sequence = ?3

-- name: update_entry_range
UPDATE queue_messages SET receives = ?5, available_at_ms = ?6 WHERE queue = ?1 AND lane = ?2 AND sequence BETWEEN ?3 AND ?4

-- name: entry_exists
SELECT 1 FROM queue_messages WHERE queue = ? AND lane = ? AND sequence = ?

-- name: remove_entry
DELETE FROM queue_messages WHERE queue = ? AND lane = ? AND sequence = ?

-- name: remove_entry_range
DELETE FROM queue_messages WHERE queue = ? AND lane = ? AND sequence BETWEEN ? AND ?

-- name: sequences_between
SELECT sequence FROM queue_messages WHERE queue = ? AND lane = ? AND sequence BETWEEN ? AND ? ORDER BY sequence

-- name: entries_after
SELECT sequence, message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes
FROM queue_messages WHERE queue = ? AND lane = ? AND sequence > ? ORDER BY sequence

-- name: entry_at_offset
SELECT sequence FROM queue_messages WHERE queue = ? AND lane = ? AND sequence > ? ORDER BY sequence LIMIT 1 OFFSET ?

-- name: first_of_other_groups
SELECT sequence FROM queue_messages WHERE queue = ?1 AND lane = ?2 AND sequence > ?3 AND sequence <= ?4
AND message_group IS NOT ?5 AND message_group IS NOT ?6 AND message_group IS NOT ?7 AND message_group IS NOT ?8 ORDER BY sequence LIMIT 1

-- name: groups_after
SELECT sequence, message_group FROM queue_messages WHERE queue = ? AND lane = ? AND sequence > ? ORDER BY sequence

-- name: last_until
SELECT sequence FROM queue_messages WHERE queue = ? AND lane = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1

-- name: lane_from
SELECT lane, sequence FROM queue_messages WHERE queue = ? AND lane >= ? ORDER BY lane, sequence LIMIT 1

-- name: lane_after
SELECT sequence FROM queue_messages WHERE queue = ? AND lane = ? AND sequence > ? ORDER BY sequence LIMIT 1

-- name: entries_to_sweep
SELECT sequence, message, copies FROM queue_messages WHERE queue = ? AND lane = ? AND sequence <= ? ORDER BY sequence LIMIT ?

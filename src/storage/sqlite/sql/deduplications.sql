-- Two tables take turns: the current one is written, both are searched, the older is emptied whole.

-- name: find_deduplication_a
SELECT message, sequence, accepted_at_ms FROM deduplications_a WHERE queue = ? AND scope = ? AND id = ?

-- name: find_deduplication_b
SELECT message, sequence, accepted_at_ms FROM deduplications_b WHERE queue = ? AND scope = ? AND id = ?

-- name: put_deduplication_a
INSERT OR REPLACE INTO deduplications_a (queue, scope, id, message, sequence, accepted_at_ms) VALUES (?, ?, ?, ?, ?, ?)

-- name: put_deduplication_b
INSERT OR REPLACE INTO deduplications_b (queue, scope, id, message, sequence, accepted_at_ms) VALUES (?, ?, ?, ?, ?, ?)

-- name: empty_deduplications_a
DELETE FROM deduplications_a

-- name: empty_deduplications_b
DELETE FROM deduplications_b

-- name: turn_deduplications
UPDATE meta SET deduplications_table = ?1, deduplications_since_ms = ?2

-- name: remove_deduplication_a
DELETE FROM deduplications_a WHERE queue = ? AND scope = ? AND id = ?

-- name: remove_deduplication_b
DELETE FROM deduplications_b WHERE queue = ? AND scope = ? AND id = ?

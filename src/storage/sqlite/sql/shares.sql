-- name: add_share
INSERT INTO shares (message, remaining) VALUES (?1, ?2) ON CONFLICT (message) DO UPDATE SET remaining = remaining + ?2

-- name: take_share
UPDATE shares SET remaining = remaining - ?2 WHERE message = ?1 AND remaining > ?2

-- name: remove_share
DELETE FROM shares WHERE message = ?

-- name: add_counters
UPDATE counters SET
    sent = sent + ?2, done = done + ?3, dead_lettered = dead_lettered + ?4, expired = expired + ?5, purged = purged + ?6,
    overflowed = overflowed + ?7, redriven = redriven + ?8, delayed = delayed + ?9, bytes = bytes + ?10,
    delivered_through = max(delivered_through, ?11), counted_through = max(counted_through, ?12)
WHERE queue = ?1

-- name: all_counters
SELECT queue, sent, done, dead_lettered, expired, purged, overflowed, redriven, delayed, bytes, delivered_through, counted_through
FROM counters ORDER BY queue

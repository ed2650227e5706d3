-- name: put_namespace
INSERT INTO namespaces (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = ?2

-- name: erase_namespace
DELETE FROM namespaces WHERE id = ?

-- name: all_namespaces
SELECT id, name FROM namespaces ORDER BY id

-- name: put_queue
INSERT INTO queues (id, namespace, name, options, created_at_ms, modified_at_ms, floor, delayed_floor, deleted)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET namespace = ?2, name = ?3, options = ?4, created_at_ms = ?5, modified_at_ms = ?6,
    floor = ?7, delayed_floor = ?8, deleted = ?9

-- name: put_queue_counters
INSERT INTO counters (queue) VALUES (?) ON CONFLICT (queue) DO NOTHING

-- name: all_queues
SELECT id, namespace, name, options, created_at_ms, modified_at_ms, floor, delayed_floor, deleted FROM queues ORDER BY id

-- name: erase_queue
DELETE FROM queues WHERE id = ?

-- name: erase_queue_counters
DELETE FROM counters WHERE queue = ?

-- name: erase_queue_bindings
DELETE FROM bindings WHERE queue = ?

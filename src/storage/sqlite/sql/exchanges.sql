-- name: put_exchange
INSERT INTO exchanges (id, namespace, name, options) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET namespace = ?2, name = ?3, options = ?4

-- name: all_exchanges
SELECT id, namespace, name, options FROM exchanges ORDER BY id

-- name: erase_exchange
DELETE FROM exchanges WHERE id = ?

-- name: erase_exchange_bindings
DELETE FROM bindings WHERE exchange = ?

-- name: put_binding
INSERT INTO bindings (exchange, queue, routing_key, options) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (exchange, queue, routing_key) DO UPDATE SET options = ?4

-- name: all_bindings
SELECT exchange, queue, routing_key, options FROM bindings ORDER BY exchange, queue, routing_key

-- name: erase_binding
DELETE FROM bindings WHERE exchange = ? AND queue = ? AND routing_key = ?

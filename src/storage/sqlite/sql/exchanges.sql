-- name: put_exchange
INSERT INTO exchanges (id, namespace, name, options) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET namespace = ?2, name = ?3, options = ?4

-- name: all_exchanges
SELECT id, namespace, name, options FROM exchanges ORDER BY id

-- name: erase_exchange
DELETE FROM exchanges WHERE id = ?

-- name: erase_exchange_bindings
DELETE FROM bindings WHERE exchange = ?1 OR to_exchange = ?1

-- name: put_binding
INSERT INTO bindings (exchange, queue, to_exchange, routing_key, options) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (exchange, queue, to_exchange, routing_key) DO UPDATE SET options = ?5

-- name: all_bindings
SELECT exchange, queue, to_exchange, routing_key, options FROM bindings ORDER BY exchange, queue, to_exchange, routing_key

-- name: erase_binding
DELETE FROM bindings WHERE exchange = ? AND queue = ? AND to_exchange = ? AND routing_key = ?

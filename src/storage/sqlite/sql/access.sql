-- name: put_user
INSERT INTO users (name, password, tags) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET password = ?2, tags = ?3

-- name: all_users
SELECT name, password, tags FROM users ORDER BY name

-- name: erase_user
DELETE FROM users WHERE name = ?

-- name: put_permission
INSERT INTO permissions (user, namespace, configure, write, read) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (user, namespace) DO UPDATE SET configure = ?3, write = ?4, read = ?5

-- name: all_permissions
SELECT user, namespace, configure, write, read FROM permissions ORDER BY user, namespace

-- name: erase_permission
DELETE FROM permissions WHERE user = ? AND namespace = ?

-- name: erase_permissions_of_user
DELETE FROM permissions WHERE user = ?

-- name: erase_permissions_in
DELETE FROM permissions WHERE namespace = ?

-- name: put_topic_permission
INSERT INTO topic_permissions (user, namespace, exchange, write, read) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (user, namespace, exchange) DO UPDATE SET write = ?4, read = ?5

-- name: all_topic_permissions
SELECT user, namespace, exchange, write, read FROM topic_permissions ORDER BY user, namespace, exchange

-- name: erase_topic_permission
DELETE FROM topic_permissions WHERE user = ? AND namespace = ? AND exchange = ?

-- name: erase_topic_permissions_of_user
DELETE FROM topic_permissions WHERE user = ?

-- name: erase_topic_permissions_in
DELETE FROM topic_permissions WHERE namespace = ?

-- name: put_parameter
INSERT INTO parameters (component, namespace, name, value) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (component, namespace, name) DO UPDATE SET value = ?4

-- name: all_parameters
SELECT component, namespace, name, value FROM parameters ORDER BY component, namespace, name

-- name: erase_parameter
DELETE FROM parameters WHERE component = ? AND namespace = ? AND name = ?

-- name: erase_parameters_in
DELETE FROM parameters WHERE namespace = ?

-- The tables of RowMQ. doc/storage.md explains every column.
-- Times are milliseconds since 1970-01-01 UTC. crc32c is the CRC as a signed 32-bit number (six bytes would be stored otherwise).

CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL CHECK (length(store_id) = 32),
    epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    reserved_ids INTEGER NOT NULL DEFAULT 0 CHECK (reserved_ids >= 0),
    highest_wall_ms INTEGER NOT NULL DEFAULT 0,
    deduplications_since_ms INTEGER NOT NULL DEFAULT 0,
    deduplications_table TEXT NOT NULL DEFAULT 'a' CHECK (deduplications_table IN ('a', 'b'))
) STRICT;
INSERT INTO meta (id, store_id) VALUES (1, lower(hex(randomblob(16))));

CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    floor INTEGER NOT NULL DEFAULT 0,
    delayed_floor INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
) STRICT;
-- A deleted queue's row stays until its last message is swept; its name is free at once.
CREATE UNIQUE INDEX queues_by_name ON queues (namespace, name) WHERE deleted = 0;

CREATE TABLE counters (
    queue INTEGER PRIMARY KEY,
    sent INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    dead_lettered INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    purged INTEGER NOT NULL DEFAULT 0,
    overflowed INTEGER NOT NULL DEFAULT 0,
    redriven INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    delivered_through INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    published_at_ms INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    properties TEXT,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE queue_messages (
    queue INTEGER NOT NULL,
    lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 255),
    sequence INTEGER NOT NULL,
    message INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    copies INTEGER NOT NULL DEFAULT 1 CHECK (copies >= 1),
    bytes INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    expires_at_ms INTEGER,
    available_at_ms INTEGER,
    message_group TEXT,
    notes TEXT,
    PRIMARY KEY (queue, lane, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE delayed_messages (
    due_at_ms INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 255),
    message INTEGER NOT NULL,
    crc32c INTEGER NOT NULL,
    copies INTEGER NOT NULL DEFAULT 1 CHECK (copies >= 1),
    bytes INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    expires_at_ms INTEGER,
    available_at_ms INTEGER,
    message_group TEXT,
    notes TEXT,
    PRIMARY KEY (due_at_ms, sequence, queue)
) STRICT, WITHOUT ROWID;
CREATE INDEX delayed_messages_by_queue ON delayed_messages (queue, message);

CREATE TABLE shares (
    message INTEGER PRIMARY KEY,
    remaining INTEGER NOT NULL CHECK (remaining > 0)
) STRICT;

CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    options TEXT NOT NULL,
    UNIQUE (namespace, name)
) STRICT;

CREATE TABLE bindings (
    exchange INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    routing_key TEXT NOT NULL,
    PRIMARY KEY (exchange, queue, routing_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX bindings_by_queue ON bindings (queue);

CREATE TABLE deduplications_a (
    queue INTEGER NOT NULL,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    message INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deduplications_b (
    queue INTEGER NOT NULL,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    message INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    source INTEGER NOT NULL,
    source_name TEXT NOT NULL,
    destination TEXT,
    per_second INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    moved INTEGER NOT NULL,
    total INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    selected TEXT,
    failure TEXT,
    started_at_ms INTEGER NOT NULL
) STRICT;

-- The stable door for people and their SQL. Columns may be added, never renamed or removed.

CREATE VIEW rowmq_queues AS
SELECT q.id AS queue_id,
       n.name AS namespace,
       q.name AS queue,
       c.sent - c.done - c.dead_lettered - c.expired - c.purged - c.overflowed - c.redriven - c.delayed AS ready_or_leased,
       c.delayed AS delayed,
       c.bytes AS bytes,
       c.sent AS sent,
       c.done AS done,
       c.dead_lettered AS dead_lettered,
       c.expired AS expired,
       c.purged AS purged,
       c.overflowed AS overflowed,
       c.redriven AS redriven,
       q.options AS options,
       datetime(q.created_at_ms / 1000, 'unixepoch') AS created_at
FROM queues q
LEFT JOIN namespaces n ON n.id = q.namespace
LEFT JOIN counters c ON c.queue = q.id
WHERE q.deleted = 0;

CREATE VIEW rowmq_messages AS
SELECT n.name AS namespace,
       q.name AS queue,
       m.id AS message_id,
       e.sequence AS sequence,
       e.lane AS lane,
       CASE WHEN e.sequence <= c.delivered_through THEN 'delivered' ELSE 'ready' END AS state,
       m.body AS body,
       m.properties AS properties,
       datetime(m.published_at_ms / 1000, 'unixepoch') AS published_at,
       m.published_at_ms AS published_at_ms,
       e.receives AS receives,
       e.message_group AS message_group,
       e.expires_at_ms AS expires_at_ms,
       e.available_at_ms AS available_at_ms,
       e.bytes AS bytes,
       e.copies AS copies,
       e.notes AS notes
FROM queue_messages e
JOIN queues q ON q.id = e.queue AND q.deleted = 0 AND e.sequence > q.floor
LEFT JOIN namespaces n ON n.id = q.namespace
LEFT JOIN counters c ON c.queue = e.queue
JOIN messages m ON m.id = e.message;

CREATE VIEW rowmq_delayed AS
SELECT n.name AS namespace,
       q.name AS queue,
       m.id AS message_id,
       d.sequence AS sequence,
       datetime(d.due_at_ms / 1000, 'unixepoch') AS due_at,
       d.due_at_ms AS due_at_ms,
       m.body AS body,
       m.properties AS properties,
       datetime(m.published_at_ms / 1000, 'unixepoch') AS published_at,
       m.published_at_ms AS published_at_ms,
       d.receives AS receives,
       d.message_group AS message_group,
       d.expires_at_ms AS expires_at_ms,
       d.bytes AS bytes,
       d.notes AS notes
FROM delayed_messages d
JOIN queues q ON q.id = d.queue AND q.deleted = 0 AND d.sequence > q.delayed_floor
LEFT JOIN namespaces n ON n.id = q.namespace
JOIN messages m ON m.id = d.message;

-- A binding may lead to another exchange. One of the two is 0; both are part of what names it.

CREATE TABLE bindings_new (
    exchange INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    to_exchange INTEGER NOT NULL DEFAULT 0,
    routing_key TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (exchange, queue, to_exchange, routing_key)
) STRICT, WITHOUT ROWID;
INSERT INTO bindings_new (exchange, queue, routing_key, options) SELECT exchange, queue, routing_key, options FROM bindings;
DROP TABLE bindings;
ALTER TABLE bindings_new RENAME TO bindings;
CREATE INDEX bindings_by_queue ON bindings (queue);
CREATE INDEX bindings_by_to_exchange ON bindings (to_exchange);

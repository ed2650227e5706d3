-- Who may do what where, and what else is known by name in a namespace (policies, parameters).

CREATE TABLE users (
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE permissions (
    user TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    configure TEXT NOT NULL,
    write TEXT NOT NULL,
    read TEXT NOT NULL,
    PRIMARY KEY (user, namespace)
) STRICT, WITHOUT ROWID;

CREATE TABLE topic_permissions (
    user TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    write TEXT NOT NULL,
    read TEXT NOT NULL,
    PRIMARY KEY (user, namespace, exchange)
) STRICT, WITHOUT ROWID;

CREATE TABLE parameters (
    component TEXT NOT NULL,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (component, namespace, name)
) STRICT, WITHOUT ROWID;

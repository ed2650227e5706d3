#include "storage/sqlite/catalog.hpp"

namespace rowmq::storage::sqlite {
namespace {

std::int64_t ms(WallTime time) { return time.time_since_epoch().count(); }

struct Change {
    Statements& statements;

    void operator()(const NamespaceRow& row) const {
        auto& put = statements.put_namespace;
        put.bind(1, value_of(row.id));
        put.bind_text(2, row.name);
        put.step();
    }
    void operator()(const QueueRow& row) const {
        auto& put = statements.put_queue;
        put.bind(1, value_of(row.id));
        put.bind(2, value_of(row.ns));
        put.bind_text(3, row.name);
        put.bind_text(4, row.options ? std::string_view(*row.options) : std::string_view());
        put.bind(5, ms(row.created_at));
        put.bind(6, ms(row.modified_at));
        put.bind(7, value_of(row.floor));
        put.bind(8, value_of(row.delayed_floor));
        put.bind(9, row.deleted);
        put.step();
        run(statements.put_queue_counters, row.id);
    }
    void operator()(const QueueErased& row) const {
        run(statements.erase_queue, row.id);
        run(statements.erase_queue_counters, row.id);
        run(statements.erase_queue_bindings, row.id);
    }
    void operator()(const ExchangeRow& row) const {
        auto& put = statements.put_exchange;
        put.bind(1, value_of(row.id));
        put.bind(2, value_of(row.ns));
        put.bind_text(3, row.name);
        put.bind_text(4, row.options);
        put.step();
    }
    void operator()(const ExchangeErased& row) const {
        run(statements.erase_exchange, row.id);
        run(statements.erase_exchange_bindings, row.id);
    }
    void operator()(const BindingRow& row) const {
        bind_key(statements.put_binding, row);
        statements.put_binding.bind_text(5, row.options);
        statements.put_binding.step();
    }
    void operator()(const BindingErased& row) const {
        bind_key(statements.erase_binding, row.binding);
        statements.erase_binding.step();
    }
    void operator()(const TaskRow& row) const {
        auto& put = statements.put_task;
        put.bind(1, row.id);
        put.bind(2, value_of(row.ns));
        put.bind(3, value_of(row.source));
        put.bind_text(4, row.source_name);
        if (row.destination) put.bind_text(5, *row.destination);
        else put.bind_null(5);
        put.bind(6, row.per_second);
        put.bind(7, row.state);
        put.bind(8, row.moved);
        put.bind(9, row.total);
        put.bind(10, value_of(row.up_to));
        put.bind_text(11, row.selected);
        put.bind_text(12, row.failure);
        put.bind(13, ms(row.started_at));
        put.step();
    }
    void operator()(const TaskErased& row) const {
        statements.erase_task.bind(1, row.id);
        statements.erase_task.step();
    }

    void operator()(const NamespaceErased& row) const {
        run(statements.erase_namespace, row.id);
        run(statements.erase_permissions_in, row.id);
        run(statements.erase_topic_permissions_in, row.id);
        run(statements.erase_parameters_in, row.id);
    }
    void operator()(const UserRow& row) const {
        auto& put = statements.put_user;
        put.bind_text(1, row.name);
        put.bind_text(2, row.password);
        put.bind_text(3, row.tags);
        put.step();
    }
    void operator()(const UserErased& row) const {
        for (Statement* erase :
             {&statements.erase_user, &statements.erase_permissions_of_user, &statements.erase_topic_permissions_of_user}) {
            erase->bind_text(1, row.name);
            erase->step();
        }
    }
    void operator()(const PermissionRow& row) const {
        auto& put = statements.put_permission;
        put.bind_text(1, row.user);
        put.bind(2, value_of(row.ns));
        put.bind_text(3, row.configure);
        put.bind_text(4, row.write);
        put.bind_text(5, row.read);
        put.step();
    }
    void operator()(const PermissionErased& row) const {
        auto& erase = statements.erase_permission;
        erase.bind_text(1, row.user);
        erase.bind(2, value_of(row.ns));
        erase.step();
    }
    void operator()(const TopicPermissionRow& row) const {
        auto& put = statements.put_topic_permission;
        put.bind_text(1, row.user);
        put.bind(2, value_of(row.ns));
        put.bind_text(3, row.exchange);
        put.bind_text(4, row.write);
        put.bind_text(5, row.read);
        put.step();
    }
    void operator()(const TopicPermissionErased& row) const {
        auto& erase = statements.erase_topic_permission;
        erase.bind_text(1, row.user);
        erase.bind(2, value_of(row.ns));
        erase.bind_text(3, row.exchange);
        erase.step();
    }
    void operator()(const ParameterRow& row) const {
        auto& put = statements.put_parameter;
        put.bind_text(1, row.component);
        put.bind(2, value_of(row.ns));
        put.bind_text(3, row.name);
        put.bind_text(4, row.value);
        put.step();
    }
    void operator()(const ParameterErased& row) const {
        auto& erase = statements.erase_parameter;
        erase.bind_text(1, row.component);
        erase.bind(2, value_of(row.ns));
        erase.bind_text(3, row.name);
        erase.step();
    }

    template <typename Id>
    static void run(Statement& statement, Id id) {
        statement.bind(1, value_of(id));
        statement.step();
    }
    static void bind_key(Statement& statement, const BindingRow& row) {
        statement.bind(1, value_of(row.exchange));
        statement.bind(2, value_of(row.queue));
        statement.bind(3, value_of(row.to_exchange));
        statement.bind_text(4, row.routing_key);
    }
};

std::string text(const Statement& row, int column) { return std::string(row.bytes(column)); }

template <typename Row, typename Read>
void read_all(sqlite3* db, std::string_view statement_name, std::vector<Row>& out, Read read) {
    auto rows = prepare(db, statement_name);
    while (rows.step()) out.push_back(read(rows));
}

QueueRow read_queue(const Statement& row) {
    return {.id = QueueId{row.integer(0)},
            .ns = NamespaceId{row.integer(1)},
            .name = text(row, 2),
            .options = std::make_shared<const std::string>(text(row, 3)),
            .created_at = wall(row.integer(4)),
            .modified_at = wall(row.integer(5)),
            .floor = Sequence{row.integer(6)},
            .delayed_floor = Sequence{row.integer(7)},
            .deleted = row.integer(8) != 0};
}

TaskRow read_task(const Statement& row) {
    return {.id = row.integer(0),
            .ns = NamespaceId{row.integer(1)},
            .source = QueueId{row.integer(2)},
            .source_name = text(row, 3),
            .destination = row.is_null(4) ? std::nullopt : std::optional(text(row, 4)),
            .per_second = static_cast<std::uint32_t>(row.integer(5)),
            .state = static_cast<std::uint8_t>(row.integer(6)),
            .moved = row.integer(7),
            .total = row.integer(8),
            .up_to = Sequence{row.integer(9)},
            .selected = text(row, 10),
            .failure = text(row, 11),
            .started_at = wall(row.integer(12))};
}

Counters read_counters(const Statement& row) {
    return {.queue = QueueId{row.integer(0)},
            .sent = row.integer(1),
            .done = row.integer(2),
            .dead_lettered = row.integer(3),
            .expired = row.integer(4),
            .purged = row.integer(5),
            .overflowed = row.integer(6),
            .redriven = row.integer(7),
            .delayed = row.integer(8),
            .bytes = row.integer(9),
            .delivered_through = Sequence{row.integer(10)},
            .counted_through = Sequence{row.integer(11)}};
}

}  // namespace

void change_catalog(const CatalogChange& change, Statements& statements) { std::visit(Change{statements}, change); }

Snapshot read_snapshot(sqlite3* db) {
    Snapshot out;
    auto meta = prepare(db, "read_meta");
    if (!meta.step()) throw Failure("the table meta has no row");
    out.store_id = text(meta, 0);
    out.epoch = static_cast<std::uint32_t>(meta.integer(1));
    out.reserved_ids = meta.integer(2);
    out.highest_wall = wall(meta.integer(3));
    out.deduplications_since = wall(meta.integer(4));
    meta.reset();

    read_all(db, "all_namespaces", out.namespaces, [](const Statement& row) {
        return NamespaceRow{NamespaceId{row.integer(0)}, text(row, 1)};
    });
    read_all(db, "all_queues", out.queues, read_queue);
    read_all(db, "all_counters", out.counters, read_counters);
    read_all(db, "all_exchanges", out.exchanges, [](const Statement& row) {
        return ExchangeRow{ExchangeId{row.integer(0)}, NamespaceId{row.integer(1)}, text(row, 2), text(row, 3)};
    });
    read_all(db, "all_bindings", out.bindings, [](const Statement& row) {
        return BindingRow{ExchangeId{row.integer(0)}, QueueId{row.integer(1)}, text(row, 3), text(row, 4), ExchangeId{row.integer(2)}};
    });
    read_all(db, "all_tasks", out.tasks, read_task);
    read_all(db, "all_users", out.users, [](const Statement& row) { return UserRow{text(row, 0), text(row, 1), text(row, 2)}; });
    read_all(db, "all_permissions", out.permissions, [](const Statement& row) {
        return PermissionRow{text(row, 0), NamespaceId{row.integer(1)}, text(row, 2), text(row, 3), text(row, 4)};
    });
    read_all(db, "all_topic_permissions", out.topic_permissions, [](const Statement& row) {
        return TopicPermissionRow{text(row, 0), NamespaceId{row.integer(1)}, text(row, 2), text(row, 3), text(row, 4)};
    });
    read_all(db, "all_parameters", out.parameters, [](const Statement& row) {
        return ParameterRow{text(row, 0), text(row, 2), NamespaceId{row.integer(1)}, text(row, 3)};
    });

    auto first = prepare(db, "first_due");
    if (first.step() && !first.is_null(0)) out.first_due = wall(first.integer(0));
    return out;
}

}  // namespace rowmq::storage::sqlite

// The catalog, counters and what a restart finds.
#include "test/conformance/conformance.hpp"

namespace rowmq::conformance {
namespace {

class Catalog : public Conformance {
protected:
    Snapshot after(Batch batch) {
        commit(std::move(batch));
        return reload();
    }
    static TaskRow task(std::int64_t id) {
        TaskRow row;
        row.id = id;
        row.ns = NamespaceId{1};
        row.source = orders;
        row.source_name = "orders";
        row.started_at = at(5);
        return row;
    }
};

TEST_P(Catalog, of_a_new_store_is_empty) {
    const Snapshot snapshot = reload();

    EXPECT_EQ(snapshot.store_id.size(), 32u);
    EXPECT_EQ(snapshot.store_id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(snapshot.reserved_ids, 0);
    EXPECT_FALSE(snapshot.first_due);
    EXPECT_TRUE(snapshot.namespaces.empty());
    EXPECT_TRUE(snapshot.queues.empty());
    EXPECT_TRUE(snapshot.counters.empty());
}

TEST_P(Catalog, raises_the_epoch_at_every_opening_and_keeps_the_store_id) {
    const Snapshot first = reload(), second = reload(), third = reload();

    EXPECT_EQ(second.epoch, first.epoch + 1);
    EXPECT_EQ(third.epoch, second.epoch + 1);
    EXPECT_EQ(first.store_id, third.store_id);
}

TEST_P(Catalog, belongs_to_one_store) {
    const std::string mine = reload().store_id;
    close();
    place_ = GetParam().new_place();

    EXPECT_NE(open().store_id, mine);
}

TEST_P(Catalog, gives_back_every_column_after_a_restart) {
    Batch batch;
    QueueRow row = queue(orders, "orders");
    row.options = std::make_shared<const std::string>(R"({"lease_ms":30000})");
    row.modified_at = at(9);
    row.floor = Sequence{12};
    row.delayed_floor = Sequence{11};
    QueueRow gone = queue(letters, "letters");
    gone.deleted = true;
    TaskRow full = task(8);
    full.destination = "letters";
    full.per_second = 4'000'000'000;
    full.state = 4;
    full.moved = 5;
    full.total = 6;
    full.up_to = Sequence{77};
    full.selected = "[1,2]";
    full.failure = "why";
    batch.catalog = {NamespaceRow{NamespaceId{1}, "/"},
                     row,
                     gone,
                     ExchangeRow{ExchangeId{5}, NamespaceId{1}, "news", R"({"kind":"fanout"})"},
                     BindingRow{ExchangeId{5}, orders, "key", {}},
                     BindingRow{ExchangeId{5}, orders, "", R"({"note":"n"})"},
                     full,
                     task(9)};
    batch.reserve_ids = 1'000'000;
    batch.highest_wall = at(50);
    batch.counters = {{.queue = orders,
                       .sent = 9,
                       .done = 1,
                       .dead_lettered = 1,
                       .expired = 1,
                       .purged = 1,
                       .overflowed = 1,
                       .redriven = 1,
                       .delayed = 2,
                       .bytes = 100,
                       .delivered_through = Sequence{20},
                       .counted_through = Sequence{15}}};

    const Snapshot snapshot = after(batch);

    EXPECT_EQ(
        text_of(snapshot),
        "store " + snapshot.store_id +
            " reserved 1000000 wall 1700000000050 deduplications 0 first due -\n"
            "namespaces:\n  1 /\n"
            "queues:\n"
            "  1 ns 1 'orders' options '{\"lease_ms\":30000}' created 1700000000000 modified 1700000000009 floor 12 delayed floor 11\n"
            "  2 ns 1 'letters' options '{}' created 1700000000000 modified 1700000000000 floor 0 delayed floor 0 deleted\n"
            "counters:\n"
            "  1 sent 9 done 1 dead 1 expired 1 purged 1 overflowed 1 redriven 1 delayed 2 bytes 100 through 20 counted 15\n"
            "  2 sent 0 done 0 dead 0 expired 0 purged 0 overflowed 0 redriven 0 delayed 0 bytes 0 through 0 counted 0\n"
            "exchanges:\n  5 ns 1 'news' options {\"kind\":\"fanout\"}\n"
            "bindings:\n  5 to 1 by '' options '{\"note\":\"n\"}'\n  5 to 1 by 'key' options ''\n"
            "tasks:\n"
            "  8 ns 1 from 1 'orders' to letters at 4000000000 state 4 moved 5 of 6 up to 77 selected '[1,2]' failure 'why' started "
            "1700000000005\n"
            "  9 ns 1 from 1 'orders' to - at 0 state 0 moved 0 of 0 up to 0 selected '' failure '' started 1700000000005\n");
}

TEST_P(Catalog, replaces_a_row_with_the_same_id_and_keeps_its_counters) {
    Batch first;
    first.catalog = {NamespaceRow{NamespaceId{1}, "/"}, queue(orders, "orders"), ExchangeRow{ExchangeId{5}, NamespaceId{1}, "news", "{}"},
                     task(8)};
    first.counters = {{.queue = orders, .sent = 3}};
    commit(first);
    Batch second;
    QueueRow altered = queue(orders, "orders");
    altered.options = std::make_shared<const std::string>("{\"paused\":true}");
    TaskRow moved = task(8);
    moved.moved = 4;
    second.catalog = {altered, ExchangeRow{ExchangeId{5}, NamespaceId{1}, "news", "{\"a\":1}"}, moved};

    const Snapshot snapshot = after(second);

    ASSERT_EQ(snapshot.queues.size(), 1u);
    EXPECT_EQ(*snapshot.queues[0].options, "{\"paused\":true}");
    ASSERT_EQ(snapshot.counters.size(), 1u);
    EXPECT_EQ(snapshot.counters[0].sent, 3);
    ASSERT_EQ(snapshot.exchanges.size(), 1u);
    EXPECT_EQ(snapshot.exchanges[0].options, "{\"a\":1}");
    ASSERT_EQ(snapshot.tasks.size(), 1u);
    EXPECT_EQ(snapshot.tasks[0].moved, 4);
}

TEST_P(Catalog, erases_an_exchange_and_a_queue_with_their_bindings) {
    Batch first;
    first.catalog = {queue(orders, "orders"), queue(letters, "letters"), ExchangeRow{ExchangeId{5}, NamespaceId{1}, "a", "{}"},
                     ExchangeRow{ExchangeId{6}, NamespaceId{1}, "b", "{}"}, ExchangeRow{ExchangeId{7}, NamespaceId{1}, "c", "{}"}};
    for (std::int64_t exchange : {5, 6, 7})
        for (QueueId to : {orders, letters}) first.catalog.push_back(BindingRow{ExchangeId{exchange}, to, "k", {}});
    first.catalog.push_back(task(8));
    commit(first);
    Batch second;
    second.catalog = {ExchangeErased{ExchangeId{6}}, QueueErased{letters}, BindingErased{{ExchangeId{7}, orders, "k"}}, TaskErased{8}};

    const Snapshot snapshot = after(second);

    ASSERT_EQ(snapshot.bindings.size(), 1u);
    EXPECT_EQ(snapshot.bindings[0].exchange, ExchangeId{5});
    EXPECT_EQ(snapshot.bindings[0].queue, orders);
    EXPECT_EQ(snapshot.queues.size(), 1u);
    EXPECT_EQ(snapshot.counters.size(), 1u);
    EXPECT_EQ(snapshot.exchanges.size(), 2u);
    EXPECT_TRUE(snapshot.tasks.empty());
}

/// The part of a snapshot's text about access.
std::string access_of(const Snapshot& snapshot) {
    const std::string text = text_of(snapshot);
    const auto at = text.find("users:");
    return at == std::string::npos ? std::string() : text.substr(at);
}

TEST_P(Catalog, keeps_users_permissions_and_parameters_by_their_names) {
    Batch first;
    first.catalog = {NamespaceRow{NamespaceId{1}, "/"},
                     NamespaceRow{NamespaceId{2}, "shop"},
                     UserRow{"ann", "hash", "[]"},
                     UserRow{"bob", "", "[]"},
                     PermissionRow{"ann", NamespaceId{1}, "c", "w", "r"},
                     PermissionRow{"ann", NamespaceId{2}, ".*", "", "it's"},
                     TopicPermissionRow{"ann", NamespaceId{1}, "x", "w", "r"},
                     ParameterRow{"policy", "p", NamespaceId{2}, "{}"},
                     ParameterRow{"global", "p", NamespaceId{0}, "1"}};
    commit(first);
    Batch second;
    second.catalog = {UserRow{"ann", "other", R"(["a"])"}, PermissionRow{"ann", NamespaceId{1}, "", "w", "r"},
                      TopicPermissionRow{"ann", NamespaceId{1}, "x", "", "r"}, ParameterRow{"policy", "p", NamespaceId{2}, "[]"},
                      UserErased{"bob"}};

    EXPECT_EQ(access_of(after(second)),
              "users:\n  ann 'other' [\"a\"]\n"
              "permissions:\n  ann ns 1 '' 'w' 'r'\n  ann ns 2 '.*' '' 'it's'\n"
              "topic permissions:\n  ann ns 1 on 'x' '' 'r'\n"
              "parameters:\n  global ns 0 'p' 1\n  policy ns 2 'p' []\n");
}

TEST_P(Catalog, erases_permissions_with_their_user_and_their_namespace) {
    Batch first;
    first.catalog = {NamespaceRow{NamespaceId{1}, "/"}, NamespaceRow{NamespaceId{2}, "shop"}, UserRow{"ann", "", "[]"},
                     UserRow{"bob", "", "[]"}};
    for (const char* user : {"ann", "bob"})
        for (const std::int64_t ns : {1, 2}) {
            first.catalog.push_back(PermissionRow{user, NamespaceId{ns}, "", "", ""});
            first.catalog.push_back(TopicPermissionRow{user, NamespaceId{ns}, "x", "", ""});
        }
    for (const std::int64_t ns : {0, 1, 2}) first.catalog.push_back(ParameterRow{"policy", "p", NamespaceId{ns}, "{}"});
    commit(first);
    Batch second;
    second.catalog = {NamespaceErased{NamespaceId{2}}, UserErased{"bob"}, ParameterErased{"policy", "p", NamespaceId{1}},
                      ParameterErased{"policy", "none", NamespaceId{1}}};

    const Snapshot snapshot = after(second);

    EXPECT_EQ(access_of(snapshot),
              "users:\n  ann '' []\npermissions:\n  ann ns 1 '' '' ''\ntopic permissions:\n  ann ns 1 on 'x' '' ''\n"
              "parameters:\n  policy ns 0 'p' {}\n");
    EXPECT_EQ(snapshot.namespaces.size(), 1u);
}

TEST_P(Catalog, erases_one_permission) {
    Batch first;
    first.catalog = {NamespaceRow{NamespaceId{1}, "/"}, UserRow{"ann", "", "[]"}, PermissionRow{"ann", NamespaceId{1}, "", "", ""},
                     TopicPermissionRow{"ann", NamespaceId{1}, "x", "", ""}, TopicPermissionRow{"ann", NamespaceId{1}, "y", "", ""}};
    commit(first);
    Batch second;
    second.catalog = {PermissionErased{"ann", NamespaceId{1}}, TopicPermissionErased{"ann", NamespaceId{1}, "x"}};

    EXPECT_EQ(access_of(after(second)), "users:\n  ann '' []\ntopic permissions:\n  ann ns 1 on 'y' '' ''\n");
}

TEST_P(Catalog, erasing_what_is_not_there_does_nothing) {
    Batch batch;
    batch.catalog = {QueueErased{QueueId{99}},
                     ExchangeErased{ExchangeId{99}},
                     TaskErased{99},
                     BindingErased{{ExchangeId{1}, orders, "", {}}},
                     NamespaceErased{NamespaceId{99}},
                     UserErased{"nobody"}};

    EXPECT_EQ(text_of(commit(batch)), "missing 0");
}

TEST_P(Catalog, binds_once_what_is_bound_twice_and_keeps_the_newer_options) {
    Batch batch;
    batch.catalog = {queue(orders, "orders"), ExchangeRow{ExchangeId{5}, NamespaceId{1}, "a", "{}"},
                     BindingRow{ExchangeId{5}, orders, "k", "{}"}, BindingRow{ExchangeId{5}, orders, "k", R"({"note":"new"})"}};

    const Snapshot snapshot = after(batch);

    ASSERT_EQ(snapshot.bindings.size(), 1u);
    EXPECT_EQ(snapshot.bindings[0].options, R"({"note":"new"})");
}

TEST_P(Catalog, gives_a_deleted_queues_name_to_a_new_one) {
    Batch first;
    first.catalog = {queue(orders, "name")};
    commit(first);
    Batch second;
    QueueRow gone = queue(orders, "name");
    gone.deleted = true;
    second.catalog = {gone, queue(letters, "name")};

    const Snapshot snapshot = after(second);

    ASSERT_EQ(snapshot.queues.size(), 2u);
    EXPECT_EQ(snapshot.queues[0].name, snapshot.queues[1].name);
}

TEST_P(Catalog, keeps_names_of_255_bytes_and_any_text) {
    const std::vector<std::string> names = {std::string(255, 'n'), "it's \"a\" name; --", " ", "\u00e9", "e\u0301", "E", "e"};
    Batch batch;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto id = static_cast<std::int64_t>(i + 1);
        batch.catalog.push_back(NamespaceRow{NamespaceId{id}, names[i]});
        batch.catalog.push_back(queue(QueueId{id}, names[i]));
        batch.catalog.push_back(ExchangeRow{ExchangeId{id}, NamespaceId{1}, names[i], "{}"});
        batch.catalog.push_back(BindingRow{ExchangeId{id}, QueueId{id}, names[i], {}});
    }

    const Snapshot snapshot = after(batch);

    ASSERT_EQ(snapshot.queues.size(), names.size());
    ASSERT_EQ(snapshot.bindings.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(snapshot.namespaces[i].name, names[i]);
        EXPECT_EQ(snapshot.queues[i].name, names[i]);
        EXPECT_EQ(snapshot.exchanges[i].name, names[i]);
        EXPECT_EQ(snapshot.bindings[i].routing_key, names[i]);
    }
}

TEST_P(Catalog, keeps_the_highest_reservation_and_wall_time) {
    for (std::int64_t step : {1'000, 3'000, 2'000}) {
        Batch batch;
        batch.reserve_ids = step;
        batch.highest_wall = at(step);
        commit(batch);
    }

    const Snapshot snapshot = reload();

    EXPECT_EQ(snapshot.reserved_ids, 3'000);
    EXPECT_EQ(snapshot.highest_wall, at(3'000));
}

TEST_P(Catalog, knows_since_when_deduplication_ids_are_collected) {
    Batch batch;
    batch.rotate_deduplications = at(70);

    EXPECT_EQ(after(batch).deduplications_since, at(70));
}

class Counting : public WithQueues {
protected:
    Counters counters_of(QueueId id) {
        for (const Counters& row : reload().counters)
            if (row.queue == id) return row;
        return {};
    }
};

TEST_P(Counting, adds_up_over_batches_and_rows) {
    Batch first;
    first.counters = {{.queue = orders, .sent = 5, .delayed = 2, .bytes = 50},
                      {.queue = letters, .sent = 1},
                      {.queue = orders, .sent = 1, .done = 2, .bytes = -20}};
    commit(first);
    Batch second;
    second.counters = {{.queue = orders, .dead_lettered = 1, .expired = 2, .purged = 3, .overflowed = 4, .redriven = 5, .delayed = -2}};
    commit(second);

    const Counters expected{.queue = orders,
                            .sent = 6,
                            .done = 2,
                            .dead_lettered = 1,
                            .expired = 2,
                            .purged = 3,
                            .overflowed = 4,
                            .redriven = 5,
                            .delayed = 0,
                            .bytes = 30};
    EXPECT_EQ(counters_of(orders), expected);
    EXPECT_EQ(counters_of(letters).sent, 1);
    EXPECT_EQ(counters_of(third), Counters{.queue = third});
}

TEST_P(Counting, keeps_the_highest_delivered_through) {
    for (std::int64_t through : {10, 30, 20}) {
        Batch batch;
        batch.counters = {{.queue = orders, .delivered_through = Sequence{through}}};
        commit(batch);
    }

    EXPECT_EQ(counters_of(orders).delivered_through, Sequence{30});
}

TEST_P(Counting, keeps_the_highest_counted_through_apart_from_it) {
    for (std::int64_t through : {10, 30, 20}) {
        Batch batch;
        batch.counters = {{.queue = orders, .delivered_through = Sequence{5}, .counted_through = Sequence{through}}};
        commit(batch);
    }

    EXPECT_EQ(counters_of(orders).counted_through, Sequence{30});
    EXPECT_EQ(counters_of(orders).delivered_through, Sequence{5});
}

TEST_P(Counting, leaves_out_what_a_unit_left_out_counted) {
    Batch batch;
    const Unit unit = batch.new_unit();
    batch.removals = {removal(entry(99, 99), unit)};
    batch.counters = {{.queue = orders, .done = 1, .unit = unit}, {.queue = orders, .sent = 1}};
    commit(batch);

    EXPECT_EQ(counters_of(orders).done, 0);
    EXPECT_EQ(counters_of(orders).sent, 1);
}

TEST_P(Counting, ignores_a_queue_that_was_erased) {
    Batch batch;
    batch.catalog = {QueueErased{letters}};
    batch.counters = {{.queue = letters, .sent = 1}};
    commit(batch);

    EXPECT_EQ(reload().counters.size(), 2u);
}

TEST_P(Counting, agrees_with_a_scan) {
    Batch batch;
    publish(batch, 1, 1);
    publish(batch, 2, 2, {.queue = letters, .body = "longer body"});
    commit(batch);
    EXPECT_EQ(check().problems, std::vector<std::string>{});
    EXPECT_EQ(check().entries, 2);
    EXPECT_EQ(check().messages, 2);
    EXPECT_EQ(check().queues, 3);

    Batch wrong;
    wrong.counters = {{.queue = letters, .sent = 1}};
    commit(wrong);

    EXPECT_EQ(check().problems.size(), 1u);
}

ROWMQ_WHOLE_ENGINES(Catalog);
ROWMQ_WHOLE_ENGINES(Counting);

}  // namespace
}  // namespace rowmq::conformance

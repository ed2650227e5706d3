// Namespaces, users and what they may: stored, and gone with what they belong to.
#include "broker/bed.hpp"

namespace rowmq::test {
namespace {

class AccessOfStore : public Bed {
protected:
    std::optional<Errc> change(std::vector<AccessChange> changes) {
        const Result<void> done = run_in(io, broker->change_access(std::move(changes)));
        return done ? std::nullopt : std::optional(done.error().code);
    }
    std::optional<Errc> drop(std::string ns) {
        const Result<void> done = run_in(io, broker->delete_namespace(std::move(ns)));
        return done ? std::nullopt : std::optional(done.error().code);
    }
};

TEST_F(AccessOfStore, namespaces_are_created_once_and_survive_a_restart) {
    EXPECT_TRUE(run_in(io, broker->create_namespace("shop")).value());
    EXPECT_FALSE(run_in(io, broker->create_namespace("shop")).value());

    crash();

    EXPECT_EQ(broker->namespaces(), (std::vector<std::string>{"/", "shop"}));
}

TEST_F(AccessOfStore, a_namespace_goes_with_its_queues_exchanges_permissions_and_parameters) {
    run_in(io, broker->create_namespace("shop")).value();
    for (int i = 0; i < 20; ++i) run_in(io, broker->declare_queue("q" + std::to_string(i), {}, "shop")).value();
    run_in(io, broker->declare_exchange("x", {}, "shop")).value();
    ASSERT_TRUE(run_in(io, broker->bind({.exchange = "x", .queue = "q1", .routing_key = "k"}, "shop")));
    declare("kept");
    ASSERT_EQ(change({User{"ann", "hash", {}}}), std::nullopt);
    ASSERT_EQ(change({Permission{"ann", "shop", ".*", ".*", ".*"}, Permission{"ann", "/", "", "", ""},
                      TopicPermission{"ann", "shop", "x", "a", "b"}, Parameter{"policy", "shop", "p", "{}"},
                      Parameter{"policy", "/", "p", "{}"}}),
              std::nullopt);

    EXPECT_EQ(drop("shop"), std::nullopt);

    for (int i = 0; i < 2; ++i, crash()) {
        EXPECT_EQ(broker->namespaces(), std::vector<std::string>{"/"});
        EXPECT_TRUE(broker->queues("", "", 100, "shop").empty());
        EXPECT_TRUE(broker->exchanges("shop").empty());
        EXPECT_EQ(broker->access().permissions.size(), 1u);
        EXPECT_TRUE(broker->access().topic_permissions.empty());
        EXPECT_EQ(broker->access().parameters.size(), 1u);
        EXPECT_TRUE(broker->queue("kept"));
    }
}

TEST_F(AccessOfStore, the_default_namespace_and_one_that_is_not_there_are_not_deleted) {
    EXPECT_EQ(drop("/"), Errc::in_use);
    EXPECT_EQ(drop("nowhere"), Errc::no_such_namespace);
}

TEST_F(AccessOfStore, users_and_permissions_survive_a_crash_as_they_were_given) {
    const User ann{"ann", "$argon2id$...", {"administrator", "it's"}};
    ASSERT_EQ(change({ann}), std::nullopt);
    ASSERT_EQ(change({Permission{"ann", "/", "^a", "", ".*"}, TopicPermission{"ann", "/", "", "^x", "^y"},
                      Parameter{"global", "", "cluster_name", "\"c\""}}),
              std::nullopt);

    crash();

    const Access& access = broker->access();
    EXPECT_EQ(access.users.at("ann"), ann);
    EXPECT_EQ(access.permissions.at({"ann", "/"}), (Permission{"ann", "/", "^a", "", ".*"}));
    EXPECT_EQ(access.topic_permissions.at({"ann", "/", ""}), (TopicPermission{"ann", "/", "", "^x", "^y"}));
    EXPECT_EQ(access.parameters.at({"global", "", "cluster_name"}), "\"c\"");
}

TEST_F(AccessOfStore, a_users_permissions_go_with_it) {
    ASSERT_EQ(change({User{"ann", "", {}}}), std::nullopt);
    ASSERT_EQ(change({Permission{"ann", "/", "", "", ""}, TopicPermission{"ann", "/", "x", "", ""}}), std::nullopt);

    EXPECT_EQ(change({UserGone{"ann"}, UserGone{"nobody"}}), std::nullopt);

    for (int i = 0; i < 2; ++i, crash()) {
        EXPECT_TRUE(broker->access().users.empty());
        EXPECT_TRUE(broker->access().permissions.empty());
        EXPECT_TRUE(broker->access().topic_permissions.empty());
    }
}

TEST_F(AccessOfStore, nothing_is_given_to_a_user_while_it_is_deleted) {
    ASSERT_EQ(change({User{"ann", "", {}}}), std::nullopt);
    std::optional<Result<void>> deleted, given, topic, again;
    const auto begin = [&](AccessChange one, std::optional<Result<void>>& into) {
        std::vector<AccessChange> changes{std::move(one)};
        boost::asio::co_spawn(io, broker->change_access(std::move(changes)),
                              [&into](std::exception_ptr, Result<void> result) { into = std::move(result); });
    };

    begin(UserGone{"ann"}, deleted);
    begin(Permission{"ann", "/", "", "", ""}, given);
    begin(TopicPermission{"ann", "/", "x", "", ""}, topic);
    begin(User{"ann", "", {"new"}}, again);
    io.restart();
    while (!(deleted && given && topic && again) && io.run_one() > 0) continue;

    EXPECT_TRUE(*deleted);
    EXPECT_EQ(given->error().code, Errc::invalid_argument);
    EXPECT_EQ(topic->error().code, Errc::invalid_argument);
    EXPECT_TRUE(*again);
    for (int i = 0; i < 2; ++i, crash()) {
        EXPECT_EQ(broker->access().users.at("ann").tags, std::vector<std::string>{"new"});
        EXPECT_TRUE(broker->access().permissions.empty());
        EXPECT_TRUE(broker->access().topic_permissions.empty());
    }
    EXPECT_EQ(change({Permission{"ann", "/", "", "", ""}}), std::nullopt);
}

TEST_F(AccessOfStore, what_names_nobody_or_is_too_long_is_refused_and_nothing_of_the_call_is_stored) {
    EXPECT_EQ(change({User{"ann", "", {}}, Permission{"bob", "/", "", "", ""}}), Errc::invalid_argument);
    EXPECT_EQ(change({Parameter{"policy", "nowhere", "p", "{}"}}), Errc::no_such_namespace);
    EXPECT_EQ(change({Parameter{"policy", "/", "p", std::string(limits.parameter_bytes + 1, ' ')}}), Errc::invalid_argument);
    EXPECT_EQ(change({User{"", "", {}}}), Errc::invalid_argument);

    EXPECT_TRUE(broker->access().users.empty());
    EXPECT_TRUE(broker->access().parameters.empty());
}

TEST_F(AccessOfStore, there_are_as_many_users_as_the_limit_says) {
    limits.users = 2;
    restart();
    ASSERT_EQ(change({User{"a", "", {}}}), std::nullopt);
    ASSERT_EQ(change({User{"b", "", {}}}), std::nullopt);

    EXPECT_EQ(change({User{"c", "", {}}}), Errc::limit_exceeded);
    EXPECT_EQ(change({User{"b", "new", {}}}), std::nullopt);
}

}  // namespace
}  // namespace rowmq::test

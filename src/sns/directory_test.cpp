#include "sns/directory.hpp"

#include "sns/conversation_test.hpp"

namespace rowmq::sns::test {
namespace {

class Directories : public Conversation {
protected:
    static Subscription made(std::string id, std::string endpoint, std::string topic = "orders") {
        return {.id = std::move(id),
                .topic = std::move(topic),
                .protocol = "sqs",
                .endpoint = std::move(endpoint),
                .queue = "q",
                .token = {},
                .attributes = {}};
    }
    void bind(const Subscription& s) { ASSERT_TRUE(rowmq::test::run_in(io, broker->bind(binding_of(s)))); }
};

TEST_F(Directories, find_only_what_is_bound) {
    create("orders");
    queue("q");
    Directory directory(*broker);
    Subscription s = made("1", "e");
    directory.put(s);

    EXPECT_FALSE(directory.find("orders", "sqs", "e"));
    bind(s);
    ASSERT_TRUE(directory.find("orders", "sqs", "e"));
    EXPECT_EQ(directory.find("orders", "sqs", "e")->id, "1");
    EXPECT_FALSE(directory.find("orders", "http", "e"));
    s.ended = WallTime(5ms);
    bind(s);
    EXPECT_FALSE(directory.find("orders", "sqs", "e")) << "it has ended";
}

TEST_F(Directories, list_what_ended_oldest_first) {
    Directory directory(*broker);
    for (const int n : {3, 1, 2}) {
        Subscription s = made(std::to_string(n), "e" + std::to_string(n));
        s.ended = WallTime(std::chrono::milliseconds(n));
        directory.put(s);
    }
    directory.remove(made("1", "e1"));

    EXPECT_EQ(directory.ended_before(WallTime(3ms), 9).size(), 1u);
    EXPECT_EQ(directory.ended_before(WallTime(9ms), 9).at(0).id, "2");
    EXPECT_EQ(directory.ended_before(WallTime(9ms), 1).size(), 1u);
    directory.forget("orders");
    EXPECT_TRUE(directory.ended_before(WallTime(9ms), 9).empty());
}

TEST_F(Directories, do_not_grow_by_what_others_removed) {
    create("orders");
    queue("q");
    Directory directory(*broker);
    bind(made("0", "e0"));
    for (int i = 0; i < 10'000; ++i) directory.put(made(std::to_string(i), "e" + std::to_string(i)));

    EXPECT_LT(directory.size(), 1'024u);
    EXPECT_TRUE(directory.find("orders", "sqs", "e0"));
    directory.forget("orders");
    EXPECT_EQ(directory.size(), 0u);
}

}  // namespace
}  // namespace rowmq::sns::test

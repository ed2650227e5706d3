#include "broker/routing/hash_shares.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace rowmq {
namespace {

constexpr int keys = 100'000;

std::uint64_t hash_of_key(int i) { return hash_of({}, "order-" + std::to_string(i), nullptr); }

std::int64_t winner(const HashShares& shares, std::uint64_t hash) { return value_of(std::get<QueueId>(shares.pick(hash)->to)); }

void put(HashShares& shares, int queue, std::uint32_t weight) {
    shares.put(QueueId{queue}, "queue " + std::to_string(queue), weight, nullptr);
}

TEST(HashShares, are_as_large_as_their_weights_within_a_few_percent) {
    HashShares shares;
    const std::map<int, std::uint32_t> weights{{1, 1}, {2, 1}, {3, 2}, {4, 4}, {5, 8}};
    for (const auto& [queue, weight] : weights) put(shares, queue, weight);
    std::map<std::int64_t, int> got;
    for (int i = 0; i < keys; ++i) ++got[winner(shares, hash_of_key(i))];

    for (const auto& [queue, weight] : weights) EXPECT_NEAR(got[queue], keys * weight / 16.0, keys * weight / 16.0 * 0.04) << queue;
}

TEST(HashShares, that_come_or_go_move_nothing_but_themselves) {
    HashShares shares;
    for (int queue = 1; queue <= 10; ++queue) put(shares, queue, 10);
    std::vector<std::int64_t> before;
    for (int i = 0; i < keys; ++i) before.push_back(winner(shares, hash_of_key(i)));

    put(shares, 11, 10);

    int moved = 0;
    for (int i = 0; i < keys; ++i) {
        const auto now = winner(shares, hash_of_key(i));
        if (now == before[static_cast<std::size_t>(i)]) continue;
        ++moved;
        ASSERT_EQ(now, 11);
    }
    EXPECT_NEAR(moved, keys / 11.0, keys / 11.0 * 0.04);
    shares.remove(QueueId{11});
    for (int i = 0; i < keys; ++i) ASSERT_EQ(winner(shares, hash_of_key(i)), before[static_cast<std::size_t>(i)]);
    shares.remove(QueueId{3});
    for (int i = 0; i < keys; ++i) {
        const auto was = before[static_cast<std::size_t>(i)], now = winner(shares, hash_of_key(i));
        ASSERT_TRUE(was == 3 ? now != 3 : now == was);
    }
}

TEST(HashShares, do_not_depend_on_the_order_of_binding_nor_on_ids) {
    HashShares one, other;
    for (int queue = 1; queue <= 5; ++queue) put(one, queue, 3);
    for (int queue = 5; queue >= 1; --queue) other.put(QueueId{queue + 100}, "queue " + std::to_string(queue), 3, nullptr);

    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(winner(one, hash_of_key(i)) + 100, winner(other, hash_of_key(i)));
}

TEST(HashShares, of_nobody_lead_nowhere_and_an_exchange_is_not_the_queue_of_its_name) {
    HashShares shares;
    EXPECT_EQ(shares.pick(7), nullptr);
    shares.put(QueueId{1}, "a", 1, nullptr);
    shares.put(ExchangeId{1}, "a", 1, nullptr);
    int queue = 0;
    for (int i = 0; i < keys; ++i) queue += std::holds_alternative<QueueId>(shares.pick(hash_of_key(i))->to) ? 1 : 0;
    EXPECT_NEAR(queue, keys / 2.0, keys * 0.02);
}

// Which queue gets a key is what users build upon: a change here moves their orders to other queues.
TEST(HashShares, are_what_they_have_always_been) {
    HashShares shares;
    for (int queue = 1; queue <= 9; ++queue) put(shares, queue, static_cast<std::uint32_t>(queue));
    std::string winners;
    for (int i = 0; i < 40; ++i) winners += std::to_string(winner(shares, hash_of_key(i)));
    EXPECT_EQ(winners, "5811755696878983543294789883797485998979");
}

TEST(HashShares, hash_what_they_are_told_to) {
    Properties p;
    p.message_id = "m";
    p.correlation_id = "c";
    p.timestamp = WallTime(std::chrono::seconds(5));
    p.headers = {{"n", {std::int64_t{7}, {}}}, {"t", {std::string("7"), {}}}, {"b", {true, {}}}};
    const auto key = [](std::string_view text) { return hash_of({}, text, nullptr); };
    using What = HashOn::What;

    EXPECT_EQ(hash_of({What::message_id}, "k", &p), key("m"));
    EXPECT_EQ(hash_of({What::correlation_id}, "k", &p), key("c"));
    EXPECT_EQ(hash_of({What::timestamp}, "k", &p), key("5000"));
    EXPECT_EQ(hash_of({What::header, "n"}, "k", &p), key("7"));
    EXPECT_EQ(hash_of({What::header, "t"}, "k", &p), key("7"));
    EXPECT_EQ(hash_of({What::header, "b"}, "k", &p), key("true"));
    for (const What what : {What::message_id, What::correlation_id, What::timestamp, What::header})
        EXPECT_EQ(hash_of({what, "x"}, "k", nullptr), key(""));
    EXPECT_EQ(hash_of({What::header, "missing"}, "k", &p), key(""));
}

TEST(HashShares, have_weights_that_are_whole_numbers_from_one) {
    EXPECT_EQ(weight_of("1"), 1u);
    EXPECT_EQ(weight_of("+20"), 20u);
    EXPECT_EQ(weight_of("1000000000"), 1'000'000'000u);
    for (const char* key : {"", "0", "-1", "1.5", "a", "1 ", "1000000001", "99999999999999999999", "+-1", "++1"})
        EXPECT_EQ(weight_of(key), std::nullopt) << key;
}

}  // namespace
}  // namespace rowmq

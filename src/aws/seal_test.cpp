#include "aws/seal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rowmq::aws {
namespace {

const Handle given{{.queue = QueueId{7}, .sequence = Sequence{1'234'567'890'123}, .number = 3, .epoch = 0x80000001u, .lane = 255},
                   0xabcdef};

// The reference vector of the paper's appendix: key 00..0f, input 00..0e.
TEST(Seal, hashes_as_SipHash_does) {
    const std::uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    std::string input;
    for (char c = 0; c < 15; ++c) input += c;

    EXPECT_EQ(siphash(key, input), 0xa129ca6149be45e5u);
}

TEST(Seal, opens_the_handles_it_made) {
    const Seal seal("store");

    EXPECT_EQ(seal.open(seal.handle(given)), given);
}

TEST(Seal, refuses_every_handle_with_one_character_changed) {
    const Seal seal("store");
    const std::string handle = seal.handle(given);

    for (std::size_t i = 0; i < handle.size(); ++i) {
        std::string forged = handle;
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(seal.open(forged), std::nullopt) << i;
    }
}

TEST(Seal, refuses_what_is_cut_or_longer_or_of_another_alphabet) {
    const Seal seal("store");
    const std::string handle = seal.handle(given);

    for (std::size_t length = 0; length < handle.size(); ++length) EXPECT_EQ(seal.open(handle.substr(0, length)), std::nullopt);
    EXPECT_EQ(seal.open(handle + "A"), std::nullopt);
    EXPECT_EQ(seal.open(std::string(handle.size(), '+')), std::nullopt);
    EXPECT_EQ(seal.open(std::string(handle.size(), '\0')), std::nullopt);
}

TEST(Seal, refuses_handles_of_another_store) { EXPECT_EQ(Seal("one").open(Seal("other").handle(given)), std::nullopt); }

TEST(Seal, gives_each_message_a_version_4_UUID_of_its_own) {
    const Seal seal("store");
    std::set<std::string> ids;

    for (std::int64_t id = 1; id <= 10'000; ++id) ids.insert(seal.message_id(MessageId{id}));

    EXPECT_EQ(ids.size(), 10'000u);
    for (const auto& id : ids) {
        ASSERT_EQ(id.size(), 36u);
        EXPECT_EQ(id[14], '4');
        EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    }
}

TEST(Seal, gives_a_message_the_same_id_again_and_another_store_another) {
    EXPECT_EQ(Seal("one").message_id(MessageId{5}), Seal("one").message_id(MessageId{5}));
    EXPECT_NE(Seal("one").message_id(MessageId{5}), Seal("other").message_id(MessageId{5}));
    // A store that is opened by a later version must not rename its messages.
    EXPECT_EQ(Seal("one").message_id(MessageId{123'456'789'012'345}), "c3712995-1127-439a-a56f-2ea9d8aa4c35");
}

}  // namespace
}  // namespace rowmq::aws

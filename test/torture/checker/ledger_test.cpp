#include "test/torture/checker/ledger.hpp"

#include <gtest/gtest.h>

namespace rowmq::torture {
namespace {

const std::string heading = "# rowmq ledger 1\n";

std::string wrong_with(const std::string& text) {
    const auto kept = heading + text;
    Ledger ledger;
    return ledger.parse(kept);
}

TEST(Ledger, reads_every_word_of_a_line) {
    const auto text =
        heading + "1 5 9 c send a ok q=w g=g dedup=d m=17 seq=4 crc=3 ms=250\n2 10 11 c receive a ok q=w ms=2000 wait=1000 n=2 altered=1\n";
    Ledger ledger;

    ASSERT_EQ(ledger.parse(text), "");

    ASSERT_EQ(ledger.operations.size(), 2u);
    const auto &send = ledger.operations[0], &receive = ledger.operations[1];
    EXPECT_EQ(send.kind, Kind::send);
    EXPECT_EQ(send.invoked, 5);
    EXPECT_EQ(send.returned, 9);
    EXPECT_EQ(ledger.name_of(send.message), "a");
    EXPECT_EQ(ledger.queues[send.queue], "w");
    EXPECT_EQ(send.sequence, 4);
    EXPECT_EQ(send.ms, 250u);
    EXPECT_EQ(receive.message, send.message);
    EXPECT_EQ(receive.wait_ms, 1000u);
    EXPECT_EQ(receive.receives, 2u);
    EXPECT_TRUE(receive.altered);
    EXPECT_EQ(ledger.line(receive), "2 10 11 c receive a ok q=w ms=2000 wait=1000 n=2 altered=1");
}

TEST(Ledger, that_lost_a_line_or_the_end_of_one_is_refused) {
    EXPECT_EQ(wrong_with("1 1 2 c quiet - ok\n3 3 4 c quiet - ok\n"), "operation 2 has number 3 where 2 is next");
    EXPECT_EQ(wrong_with("1 1 2 c quiet - ok\n2 3 4 c qui"), "operation 2 is cut off");
    Ledger ledger;
    EXPECT_NE(ledger.parse("1 1 2 c quiet - ok\n"), "");
}

TEST(Ledger, with_a_word_it_does_not_know_is_refused) {
    EXPECT_EQ(wrong_with("1 2 1 c quiet - ok\n"), "operation 1 has no two times in order");
    EXPECT_EQ(wrong_with("1 1 2 c eat - ok\n"), "operation 1 names no operation: eat");
    EXPECT_EQ(wrong_with("1 1 2 c quiet - perhaps\n"), "operation 1 has no outcome");
    EXPECT_EQ(wrong_with("1 1 2 c send a ok\n"), "operation 1 names no queue");
    EXPECT_EQ(wrong_with("1 1 2 c send a ok q=w x=1\n"), "operation 1 has a detail that is none: x=1");
    EXPECT_EQ(wrong_with("1 1 2 c send a ok q=w ms=-1\n"), "operation 1 has a detail that is none: ms=-1");
}

}  // namespace
}  // namespace rowmq::torture

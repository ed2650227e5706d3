#include "app/forward/ledger.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rowmq::app {
namespace {

std::string told(Ledger& ledger) {
    std::string out;
    for (const auto& one : ledger.acknowledgements()) out += (one.multiple ? "<=" : "") + std::to_string(one.tag) + " ";
    return out;
}

Ledger with(std::initializer_list<std::uint64_t> tags) {
    Ledger ledger;
    for (const auto tag : tags) ledger.published(tag);
    return ledger;
}

TEST(Ledger, acknowledges_nothing_before_it_is_confirmed) {
    Ledger ledger = with({1, 2});
    EXPECT_EQ(told(ledger), "");
    EXPECT_EQ(ledger.unconfirmed(), 2u);
}

TEST(Ledger, acknowledges_all_up_to_the_first_that_is_not_confirmed_at_once) {
    Ledger ledger = with({11, 12, 13, 14, 15});
    ledger.confirmed(3, true);
    ledger.confirmed(5, false);
    EXPECT_EQ(told(ledger), "<=13 15 ");
    EXPECT_EQ(told(ledger), "");
    ledger.confirmed(4, false);
    EXPECT_EQ(told(ledger), "<=14 ");
    EXPECT_EQ(ledger.unconfirmed(), 0u);
    EXPECT_EQ(ledger.confirmations(), 5);
}

TEST(Ledger, never_acknowledges_what_was_refused_nor_over_it) {
    Ledger ledger = with({1, 2, 3, 4});
    ledger.refused(2, false);
    ledger.confirmed(4, true);
    EXPECT_EQ(told(ledger), "<=1 3 4 ");
    EXPECT_EQ(ledger.refusals(), 1u);
    EXPECT_EQ(ledger.confirmations(), 3);
}

TEST(Ledger, ignores_confirms_of_what_was_not_published_or_is_settled) {
    Ledger ledger = with({1});
    ledger.confirmed(7, false);
    EXPECT_EQ(told(ledger), "");
    ledger.confirmed(1, false);
    ledger.confirmed(1, false);
    ledger.refused(1, false);
    EXPECT_EQ(told(ledger), "<=1 ");
    EXPECT_EQ(ledger.refusals(), 0u);
}

}  // namespace
}  // namespace rowmq::app

#include "library/store_address.hpp"

#include <gtest/gtest.h>

namespace rowmq::library {
namespace {

using Kind = StoreAddress::Kind;

TEST(StoreAddress, of_sqlite_is_the_path_after_the_colon) {
    EXPECT_EQ(parse_store_address("sqlite:orders.db").value(), (StoreAddress{Kind::sqlite, "orders.db"}));
    EXPECT_EQ(parse_store_address("sqlite:/var/lib/a b/x.db").value(), (StoreAddress{Kind::sqlite, "/var/lib/a b/x.db"}));
}

TEST(StoreAddress, of_memory_has_no_path) { EXPECT_EQ(parse_store_address("memory:").value(), (StoreAddress{Kind::memory, ""})); }

TEST(StoreAddress, of_postgresql_is_refused_with_what_this_version_opens) {
    const auto refused = parse_store_address("postgresql://db/rowmq");

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_NE(refused.error().text.find("sqlite:PATH"), std::string::npos);
}

TEST(StoreAddress, that_is_none_is_refused) {
    for (const auto* address : {"", "orders.db", "sqlite:", "sqlite::memory:", "memory", "mysql:x"}) {
        const auto refused = parse_store_address(address);
        ASSERT_TRUE(refused.has_error()) << address;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument) << address;
    }
}

}  // namespace
}  // namespace rowmq::library

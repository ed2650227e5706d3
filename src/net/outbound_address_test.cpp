#include "net/outbound_address.hpp"

#include <gtest/gtest.h>

namespace rowmq::net {
namespace {

bool passes(const AddressRule& rule, const char* address) {
    return check_address(rule, boost::asio::ip::make_address(address)).has_value();
}

TEST(OutboundAddress, is_refused_when_it_is_link_local_metadata_unspecified_multicast_or_broadcast) {
    for (const char* address : {"169.254.169.254", "169.254.0.1", "100.100.100.200", "192.0.0.192", "0.0.0.0", "0.1.2.3", "224.0.0.1",
                                "239.255.255.255", "255.255.255.255", "240.0.0.1", "::", "fe80::1", "febf::1", "ff02::1", "fd00:ec2::254",
                                "fd20:ce::254", "64:ff9b:1::a9fe:a9fe", "2001:0:1::1"})
        EXPECT_FALSE(passes({}, address)) << address;
}

TEST(OutboundAddress, is_refused_inside_every_ipv6_form_of_it) {
    for (const char* address : {"::ffff:169.254.169.254", "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
                                "::169.254.169.254", "64:ff9b::100.100.100.200", "::ffff:0.0.0.0", "::ffff:224.0.0.1"})
        EXPECT_FALSE(passes({}, address)) << address;
    for (const char* address : {"::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"}) {
        EXPECT_TRUE(passes({}, address)) << address;
        EXPECT_FALSE(passes({.private_too = false}, address)) << address;
    }
    EXPECT_FALSE(passes({.loopback_too = false}, "::ffff:127.0.0.1"));
}

TEST(OutboundAddress, passes_when_it_is_anybodys) {
    for (const char* address : {"192.0.2.1", "8.8.8.8", "169.253.255.255", "169.255.0.0", "223.255.255.255", "2606:4700::1", "fec0::1"})
        EXPECT_TRUE(passes({}, address)) << address;
}

TEST(OutboundAddress, of_this_machine_or_a_private_network_passes_until_the_rule_says_otherwise) {
    for (const char* address : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd12::1"}) {
        EXPECT_TRUE(passes({}, address)) << address;
        EXPECT_FALSE(passes({.private_too = false}, address)) << address;
        EXPECT_TRUE(passes({.loopback_too = false}, address)) << address;
    }
    for (const char* address : {"127.0.0.1", "127.255.0.1", "::1"}) {
        EXPECT_TRUE(passes({}, address)) << address;
        EXPECT_FALSE(passes({.loopback_too = false}, address)) << address;
        EXPECT_TRUE(passes({.private_too = false}, address)) << address;
    }
    EXPECT_TRUE(passes({.private_too = false}, "172.32.0.1"));
}

TEST(OutboundAddress, passes_when_it_is_listed_as_allowed) {
    AddressRule rule{.private_too = false, .loopback_too = false};
    rule.allowed = {AddressRange::parse("169.254.7.0/24").value(), AddressRange::parse("fd00::/16").value(),
                    AddressRange::parse("127.0.0.1").value()};

    for (const char* address : {"169.254.7.9", "::ffff:169.254.7.9", "fd00::5", "127.0.0.1"}) EXPECT_TRUE(passes(rule, address)) << address;
    for (const char* address : {"169.254.8.1", "fd01::5", "127.0.0.2"}) EXPECT_FALSE(passes(rule, address)) << address;
}

TEST(OutboundAddress, is_named_with_the_reason_when_refused) {
    const auto refused = check_address({}, boost::asio::ip::make_address("169.254.169.254"));

    EXPECT_EQ(refused.error(),
              (Error{Errc::access_refused, "the address 169.254.169.254 is refused: it is the metadata service of a cloud"}));
}

TEST(AddressRange, that_is_none_is_refused) {
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "::/129", "fd00::1/64",
                             "host", "fe80::1%eth0", "10.0.0/8"}) {
        const auto range = AddressRange::parse(text);
        ASSERT_TRUE(range.has_error()) << text;
        EXPECT_EQ(range.error().code, Errc::invalid_argument);
    }
    for (const char* text : {"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.1", "fd00::/8", "::1/128"})
        EXPECT_TRUE(AddressRange::parse(text).has_value()) << text;
}

}  // namespace
}  // namespace rowmq::net

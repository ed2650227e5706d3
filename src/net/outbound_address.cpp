#include "net/outbound_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <optional>
#include <span>

namespace rowmq::net {
namespace ip = boost::asio::ip;
namespace {

using Bytes6 = ip::address_v6::bytes_type;

ip::address_v4 v4_at(const Bytes6& bytes, std::size_t at) {
    return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

bool begins(const Bytes6& bytes, std::initializer_list<unsigned char> with, std::size_t zeros_until) {
    return std::equal(with.begin(), with.end(), bytes.begin()) &&
           std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(with.size()), bytes.begin() + static_cast<std::ptrdiff_t>(zeros_until),
                       [](unsigned char b) { return b == 0; });
}

/// The IPv4 address that a packet to this IPv6 address may end at.
std::optional<ip::address_v4> wrapped_v4(const ip::address_v6& address) {
    if (address.is_loopback() || address.is_unspecified()) return std::nullopt;
    const Bytes6 b = address.to_bytes();
    if (address.is_v4_mapped()) return v4_at(b, 12);
    if (begins(b, {0x00, 0x64, 0xff, 0x9b}, 12)) return v4_at(b, 12);                                       // RFC 6052 2.1: NAT64
    if (begins(b, {0x20, 0x02}, 2)) return v4_at(b, 2);                                                     // RFC 3056: 6to4
    if (begins(b, {}, 8) && b[8] == 0xff && b[9] == 0xff && b[10] == 0 && b[11] == 0) return v4_at(b, 12);  // RFC 2765: translated
    if (begins(b, {}, 12)) return v4_at(b, 12);                                                             // RFC 4291 2.5.5.1: compatible
    return std::nullopt;
}

bool same_beginning(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
    if (bits % 8 == 0) return true;
    return ((a[whole] ^ b[whole]) >> (8 - bits % 8)) == 0;
}

template <typename Bytes>
bool zero_behind(const Bytes& bytes, unsigned bits) {
    Bytes cleared = bytes;
    for (unsigned i = bits; i < bytes.size() * 8; ++i) cleared[i / 8] &= static_cast<unsigned char>(~(0x80u >> (i % 8)));
    return cleared == bytes;
}

struct Known {
    AddressRange range;
    std::string_view what;
};

Known known(std::string_view range, std::string_view what) { return {AddressRange::parse(range).value(), what}; }

/// Never somebody's service, or the one service of a machine that hands out its rights.
const auto& refused_always() {
    static const std::array all{
        known("169.254.169.254", "the metadata service of a cloud"),
        known("100.100.100.200", "the metadata service of a cloud"),
        known("192.0.0.192", "the metadata service of a cloud"),
        known("fd00:ec2::254", "the metadata service of a cloud"),
        known("fd20:ce::254", "the metadata service of a cloud"),
        known("169.254.0.0/16", "link-local"),
        known("fe80::/10", "link-local"),
        known("0.0.0.0/8", "unspecified"),
        known("::", "unspecified"),
        known("224.0.0.0/4", "multicast"),
        known("ff00::/8", "multicast"),
        known("255.255.255.255", "broadcast"),
        known("240.0.0.0/4", "reserved"),
        known("64:ff9b:1::/48", "a translation to IPv4 of this network alone"),  // RFC 8215: what it leads to cannot be told
        known("2001::/32", "a tunnel to IPv4"),                                  // RFC 4380: Teredo
    };
    return all;
}

const auto& refused_as_private() {
    static const std::array all{
        known("10.0.0.0/8", "private"),    known("172.16.0.0/12", "private"), known("192.168.0.0/16", "private"),
        known("100.64.0.0/10", "private"), known("fc00::/7", "private"),      known("fec0::/10", "private"),
    };
    return all;
}

const auto& refused_as_loopback() {
    static const std::array all{known("127.0.0.0/8", "this machine"), known("::1", "this machine")};
    return all;
}

}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
    const auto wrong = [&](std::string_view why) {
        return Error{Errc::invalid_argument,
                     fmt::format("\"{}\" is not a range of addresses such as 10.0.0.0/8 or fd00::/8: {}", text.substr(0, 100), why)};
    };
    const auto slash = text.find('/');
    boost::system::error_code error;
    const auto start = ip::make_address(std::string(text.substr(0, slash)), error);
    if (error || text.find('%') != std::string_view::npos) return wrong("no IP address before the slash");
    const unsigned most = start.is_v4() ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || bits > most)
            return wrong(fmt::format("no number from 0 to {} behind the slash", most));
    }
    const bool clean = start.is_v4() ? zero_behind(start.to_v4().to_bytes(), bits) : zero_behind(start.to_v6().to_bytes(), bits);
    if (!clean) return wrong(fmt::format("the address has bits set behind its first {}", bits));
    return AddressRange(start, bits);
}

bool AddressRange::contains(const ip::address& address) const {
    if (start_.is_v6()) return address.is_v6() && same_beginning(start_.to_v6().to_bytes(), address.to_v6().to_bytes(), bits_);
    const auto inside = address.is_v4() ? std::optional(address.to_v4()) : wrapped_v4(address.to_v6());
    return inside && same_beginning(start_.to_v4().to_bytes(), inside->to_bytes(), bits_);
}

Result<void> check_address(const AddressRule& rule, const ip::address& address) {
    for (const AddressRange& range : rule.allowed)
        if (range.contains(address)) return {};
    const auto refused_by = [&](const auto& all) -> Result<void> {
        for (const Known& each : all)
            if (each.range.contains(address))
                return Error{Errc::access_refused, fmt::format("the address {} is refused: it is {}", address.to_string(), each.what)};
        return {};
    };
    auto checked = refused_by(refused_always());
    if (checked && !rule.private_too) checked = refused_by(refused_as_private());
    if (checked && !rule.loopback_too) checked = refused_by(refused_as_loopback());
    return checked;
}

}  // namespace rowmq::net

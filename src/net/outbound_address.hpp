#pragma once
// Which addresses this program may connect to on somebody's behalf. A URL comes from a client; without a rule it could make
// the server ask the machine's own metadata service for credentials (server-side request forgery).
// Values; errors: invalid_argument (a range that is none), access_refused (an address the rule refuses).

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/error.hpp"

namespace rowmq::net {

/// Addresses with a common beginning: "10.0.0.0/8", "fd00::/8"; one address is a range of itself.
class AddressRange {
public:
    /// Errors: invalid_argument; also when bits behind the prefix are set, because then the writer meant something else.
    static Result<AddressRange> parse(std::string_view text);

    /// An IPv4 address that was wrapped in an IPv6 one counts as what is inside.
    bool contains(const boost::asio::ip::address& address) const;

private:
    AddressRange(boost::asio::ip::address start, unsigned bits) : start_(std::move(start)), bits_(bits) {}

    boost::asio::ip::address start_;
    unsigned bits_;
};

struct AddressRule {
    std::vector<AddressRange> allowed;  ///< these are never refused
    bool private_too = true;            ///< 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7
    bool loopback_too = true;           ///< 127/8, ::1
};

/// Refuses, unless `rule` allows them: link-local addresses, the metadata services of clouds, unspecified, multicast, broadcast
/// and reserved ones, and whatever the rule refuses besides. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is
/// judged as what it is. Errors: access_refused; the text names the address and why.
Result<void> check_address(const AddressRule& rule, const boost::asio::ip::address& address);

}  // namespace rowmq::net

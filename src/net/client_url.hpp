#pragma once
// Where a request goes: one URL, taken apart and checked. Internal to the client. A value; errors: invalid_argument.

#include <cstdint>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::net {

struct ClientUrl {
    std::string text;  ///< as it was given, without its fragment
    bool secure = false;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string authority;  ///< what the Host field says
    std::string target;     ///< path and query

    /// Requests of one origin may share a connection.
    std::string origin() const;
};

/// An http or https URL with a host and no user.
Result<ClientUrl> parse_client_url(std::string_view text);

/// Where the Location field of an answer to `from` leads.
Result<ClientUrl> redirect_of(const ClientUrl& from, std::string_view location);

}  // namespace rowmq::net

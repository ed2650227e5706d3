#include "app/listen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace rowmq::app {
namespace {

Error refused(std::string text) { return Error{Errc::invalid_argument, std::move(text)}; }

template <typename Names>
std::string listed(const Names& names) {
    std::string out;
    for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
    return out;
}

std::string served_names() {
    std::array<std::string_view, served_listeners.size()> names;
    std::ranges::transform(served_listeners, names.begin(), &Served::name);
    return listed(names);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return port;
}

/// The numeric form of an address, or nothing. Names are not looked up: a listener must not depend on a name server.
std::optional<std::string> address_of(std::string_view text) {
    if (text == "localhost") return "127.0.0.1";
    if (text == "*") return "0.0.0.0";
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(std::string(text), failed);
    if (failed) return std::nullopt;
    return address.to_string();
}

Result<Endpoint> parse_endpoint(std::string_view name, std::string_view where) {
    const auto colon = where.rfind(':');
    const auto address = colon == std::string_view::npos ? std::string_view("127.0.0.1") : where.substr(0, colon);
    const auto port = port_of(colon == std::string_view::npos ? where : where.substr(colon + 1));
    const bool bare_ipv6 = address.find(':') != std::string_view::npos && !address.starts_with('[');
    const auto numeric = bare_ipv6 ? std::nullopt : address_of(address);
    if (!port || !numeric) {
        return refused(fmt::format(
            "\"{}\" is not where {} could listen: write ADDRESS:PORT (an IP address, [IPv6], localhost or *), PORT, or off", where, name));
    }
    return Endpoint{.address = *numeric, .port = *port};
}

}  // namespace

std::string to_text(const Endpoint& endpoint) {
    const bool ipv6 = endpoint.address.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(ipv6 ? "[{}]:{}" : "{}:{}"), endpoint.address, endpoint.port);
}

Result<Listen> parse_listen(std::string_view name, std::string_view where) {
    if (std::ranges::find(listener_names, name) == listener_names.end()) {
        return refused(fmt::format("there is no listener \"{}\"; the names are {}", name, listed(listener_names)));
    }
    if (where == "off") return Listen{.name = std::string(name), .endpoint = std::nullopt};
    if (std::ranges::find(served_listeners, name, &Served::name) == served_listeners.end()) {
        return refused(fmt::format("this build does not serve {}; it serves {} ({}=off is accepted)", name, served_names(), name));
    }
    auto endpoint = parse_endpoint(name, where);
    if (endpoint.has_error()) return std::move(endpoint).error();
    return Listen{.name = std::string(name), .endpoint = std::move(*endpoint)};
}

Result<Listen> parse_listen(std::string_view name_and_where) {
    const auto equals = name_and_where.find('=');
    if (equals == std::string_view::npos) {
        return refused(fmt::format("\"{}\" is not of the form NAME=ADDRESS:PORT or NAME=off", name_and_where));
    }
    return parse_listen(name_and_where.substr(0, equals), name_and_where.substr(equals + 1));
}

}  // namespace rowmq::app

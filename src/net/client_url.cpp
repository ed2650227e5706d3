#include "net/client_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <charconv>

namespace rowmq::net {
namespace urls = boost::urls;
namespace {

constexpr std::size_t longest_url = 8 * 1024;
constexpr std::size_t longest_name = 253;  // RFC 1035 3.1, as text

/// Of any text, so much as an error may repeat, and nothing a terminal would obey.
std::string shown(std::string_view text) {
    constexpr std::size_t most = 200;
    std::string out(text.substr(0, most));
    std::ranges::replace_if(
        out, [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > most) out += "...";
    return out;
}

Error wrong(std::string_view text, std::string_view why) {
    return Error{Errc::invalid_argument, fmt::format("the URL \"{}\" cannot be used: {}", shown(text), why)};
}

bool is_name(std::string_view host) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !host.empty() && host.size() <= longest_name && std::ranges::all_of(host, plain);
}

Result<ClientUrl> taken_apart(const urls::url_view& url, std::string_view text) {
    ClientUrl out;
    if (url.scheme_id() != urls::scheme::http && url.scheme_id() != urls::scheme::https)
        return wrong(text, "it begins with neither http:// nor https://");
    out.secure = url.scheme_id() == urls::scheme::https;
    if (url.has_userinfo()) return wrong(text, "it holds a user or password");

    const bool ipv6 = url.host_type() == urls::host_type::ipv6;
    out.host = ipv6 ? std::string(url.host_address()) : std::string(url.encoded_host());
    if (!ipv6 && !is_name(out.host)) return wrong(text, "its host is neither a name nor an address");
    std::ranges::transform(out.host, out.host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });

    // Not Boost's number: 1.81 takes 65616 for 80.
    const std::uint16_t usual = out.secure ? 443 : 80;
    const std::string_view digits(url.port().data(), url.port().size());
    out.port = usual;
    if (!digits.empty()) {
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
        if (read.ec != std::errc{} || out.port == 0) return wrong(text, "its port is not a number from 1 to 65535");
    }
    // Nor does 1.81 mind what stands directly behind it.
    if (!url.encoded_path().empty() && !url.encoded_path().starts_with('/')) return wrong(text, "its path does not begin with /");
    out.authority = ipv6 ? '[' + out.host + ']' : out.host;
    if (out.port != usual) out.authority += ':' + std::to_string(out.port);

    const std::string_view target(url.encoded_target().data(), url.encoded_target().size());
    out.target = target.starts_with('/') ? std::string(target) : '/' + std::string(target);
    out.text = fmt::format("{}://{}{}", out.secure ? "https" : "http", out.authority, out.target);
    return out;
}

}  // namespace

std::string ClientUrl::origin() const {
    return fmt::format("{}://{}{}{}:{}", secure ? "https" : "http", authority.starts_with('[') ? "[" : "", host,
                       authority.starts_with('[') ? "]" : "", port);
}

Result<ClientUrl> parse_client_url(std::string_view text) {
    if (text.size() > longest_url) return wrong(text, fmt::format("it is longer than {} bytes", longest_url));
    const auto url = urls::parse_uri(text);
    if (url.has_error()) return wrong(text, "it is not of the form http://host:port/path, or holds a character no URL may hold");
    return taken_apart(*url, text);
}

Result<ClientUrl> redirect_of(const ClientUrl& from, std::string_view location) {
    if (location.size() > longest_url) return wrong(location, fmt::format("it is longer than {} bytes", longest_url));
    const auto base = urls::parse_uri(from.text);
    const auto reference = urls::parse_uri_reference(location);
    if (base.has_error() || reference.has_error()) return wrong(location, "the redirect's Location is not a URL");
    urls::url whole;
    if (urls::resolve(*base, *reference, whole).has_error()) return wrong(location, "the redirect's Location is not a URL");
    return taken_apart(whole, location);
}

}  // namespace rowmq::net

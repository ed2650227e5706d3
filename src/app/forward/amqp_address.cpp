#include "app/forward/amqp_address.hpp"

#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace rowmq::app {

bool is_amqp(std::string_view url) noexcept { return url.starts_with("amqp://") || url.starts_with("amqps://"); }

std::string AmqpAddress::text() const {
    return fmt::format("{}://{}:{}/{}", tls ? "amqps" : "amqp", host, port, vhost == "/" ? "" : vhost);
}

Result<AmqpAddress> amqp_address(const std::string& url) {
    constexpr std::uint16_t usual_port = 5672, usual_tls_port = 5671;
    const auto parsed = boost::urls::parse_uri(url);
    if (!is_amqp(url) || parsed.has_error() || parsed->host().empty())
        return Error{Errc::invalid_argument,
                     "a broker of AMQP is named as amqp://USER:PASSWORD@HOST:PORT/VHOST (reserved characters as %XX)"};
    AmqpAddress address;
    address.tls = parsed->scheme() == "amqps";
    address.host = parsed->host_address();
    address.port = address.tls ? usual_tls_port : usual_port;
    if (parsed->has_port() && !parsed->port().empty()) {
        if (parsed->port_number() == 0)
            return Error{Errc::invalid_argument,
                         fmt::format("{} is not a port", std::string_view(parsed->port().data(), parsed->port().size()))};
        address.port = parsed->port_number();
    }
    if (parsed->has_userinfo() && !parsed->user().empty()) address.user = parsed->user();
    if (parsed->has_password()) address.password = parsed->password();
    const std::string path = parsed->path();
    if (path.size() > 1) address.vhost = path.substr(1);
    return address;
}

}  // namespace rowmq::app

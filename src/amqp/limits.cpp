#include "amqp/limits.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "rowmq/look.hpp"

namespace rowmq::amqp {
namespace {

namespace json = boost::json;
constexpr const char *max_connections = "max-connections", *max_queues = "max-queues", *max_channels = "max-channels";

const char* component_of(Limited of) { return of == Limited::vhost ? "vhost-limits" : "user-limits"; }

/// By whose name and in which virtual host.
std::pair<std::string, std::string> place_of(Limited of, const std::string& name) {
    return of == Limited::vhost ? std::pair(std::string("limits"), name) : std::pair(name, std::string());
}

std::string as_term(const json::value& value) {
    return value.is_string() ? fmt::format("<<\"{}\">>", std::string_view(value.get_string())) : json::serialize(value);
}

/// Whether `there` are as many as may be; the limit.
std::optional<std::int64_t> reached(const json::object& limits, const char* name, std::size_t there) {
    const json::value* limit = limits.if_contains(name);
    if (!limit || !limit->is_int64() || limit->get_int64() < 0 || std::cmp_less(there, limit->get_int64())) return std::nullopt;
    return limit->get_int64();
}

}  // namespace

Parameter kept_limits(Limited of, const std::string& name, const json::object& limits) {
    const auto [key, vhost] = place_of(of, name);
    return {component_of(of), vhost, key, json::serialize(limits)};
}

ParameterGone no_limits(Limited of, const std::string& name) {
    const auto [key, vhost] = place_of(of, name);
    return {component_of(of), vhost, key};
}

json::object limits_of(const Broker& broker, Limited of, const std::string& name) {
    const auto [key, vhost] = place_of(of, name);
    const auto& all = broker.access().parameters;
    const auto found = all.find({component_of(of), vhost, key});
    if (found == all.end()) return {};
    boost::system::error_code failed;
    json::value kept = json::parse(found->second, failed);
    return !failed && kept.is_object() ? std::move(kept.get_object()) : json::object();
}

std::optional<std::string> wrong_limits(Limited of, const json::object& limits) {
    const char* other = of == Limited::vhost ? max_queues : max_channels;
    for (const auto& [name, value] : limits) {
        if (name != max_connections && name != other)
            return fmt::format("Unrecognised terms [{{<<\"{}\">>,{}}}] in {}", std::string_view(name), as_term(value),
                               of == Limited::vhost ? "limits" : "user-limits");
        if (!value.is_int64()) return fmt::format("{} should be a number, actually was {}", std::string_view(name), as_term(value));
    }
    return std::nullopt;
}

std::optional<Refusal> refusal_of_connection(const Broker& broker, const Opening& opening) {
    if (const auto limit = reached(limits_of(broker, Limited::vhost, opening.vhost), max_connections, opening.in_vhost))
        return Refusal(Code::not_allowed, fmt::format("access to vhost '{}' refused for user '{}': connection limit ({}) is reached",
                                                      opening.vhost, opening.user, *limit));
    if (const auto limit = reached(limits_of(broker, Limited::user, opening.user), max_connections, opening.of_user))
        return Refusal(Code::not_allowed,
                       fmt::format("Connection refused for user '{}': user connection limit ({}) is reached", opening.user, *limit));
    return std::nullopt;
}

std::optional<Refusal> refusal_of_channel(const Broker& broker, const std::string& user, std::size_t open) {
    if (const auto limit = reached(limits_of(broker, Limited::user, user), max_channels, open))
        return Refusal(
            Code::not_allowed,
            fmt::format("number of channels opened for user '{}' has reached the maximum allowed user limit of ({})", user, *limit));
    return std::nullopt;
}

std::optional<Refusal> refusal_of_queue(const Broker& broker, const std::string& vhost, std::string_view queue) {
    const json::object limits = limits_of(broker, Limited::vhost, vhost);
    if (!limits.contains(max_queues)) return std::nullopt;
    if (const auto limit = reached(limits, max_queues, count_queues(broker, vhost)))
        return Refusal(Code::precondition_failed,
                       fmt::format("cannot declare queue '{}': queue limit in vhost '{}' ({}) is reached", queue, vhost, *limit));
    return std::nullopt;
}

}  // namespace rowmq::amqp

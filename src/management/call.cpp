#include "management/call.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/url.hpp>
#include <charconv>

#include "amqp/pattern.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
constexpr std::size_t max_segments = 16, max_parameters = 32;

}  // namespace

std::optional<std::string> Call::asked(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Call> parse_target(std::string_view method, std::string_view target) {
    // Not all tools encode what they ought to ("name=q[12]&use_regex=true"), and RabbitMQ does not mind.
    std::string encoded;
    for (const char c : target) {
        const bool refused = c <= ' ' || c == '\x7f' || std::string_view("\"<>[]\\^`{|}").find(c) != std::string_view::npos;
        encoded += refused ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    const auto parsed = boost::urls::parse_origin_form(encoded);
    if (parsed.has_error() || parsed->segments().size() > max_segments || parsed->params().size() > max_parameters) return std::nullopt;
    Call call;
    call.method = std::string(method);
    bool first = true;
    for (const auto segment : parsed->segments()) {
        if (!first) call.path.emplace_back(std::string(segment));
        first = false;  // "api"
    }
    while (!call.path.empty() && call.path.back().empty()) call.path.pop_back();  // "/api/queues/"
    for (const auto parameter : parsed->params()) call.query[std::string(parameter.key)] = std::string(parameter.value);
    return call;
}

std::optional<Answer> missing(const json::object& body, std::initializer_list<std::string_view> names) {
    std::vector<std::string> missing;
    for (const std::string_view name : names)
        if (!body.contains(name)) missing.push_back(fmt::format("{{key_missing,{}}}", name));
    if (missing.empty()) return std::nullopt;
    constexpr std::size_t line = 80;  // Erlang breaks longer ones
    const std::string short_form = fmt::format("[{}]", fmt::join(missing, ","));
    return bad_request(short_form.size() < line ? short_form : fmt::format("[{}]", fmt::join(missing, ",\n ")));
}

std::optional<Answer> unless_patterns(const json::object& body, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto text = text_of(body, name);
        if (!text) return bad_request(std::string(name) + " is no text");
        if (const auto pattern = amqp::Pattern::compile(*text); !pattern)
            return bad_request("invalid_regexp \"" + *text + "\": " + pattern.error().text);
    }
    return std::nullopt;
}

Permission permission_of(std::string user, std::string vhost, const json::object& said) {
    const auto text = [&](std::string_view member) { return text_of(said, member).value_or(""); };
    return {std::move(user), std::move(vhost), text("configure"), text("write"), text("read")};
}

std::optional<std::string> text_of(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    return value && value->is_string() ? std::optional(std::string(std::string_view(value->get_string()))) : std::nullopt;
}

std::optional<Answer> unless_flags(const json::object& body, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto* value = body.if_contains(name);
        if (!value || value->is_bool() || is_text(*value, "true") || is_text(*value, "false")) continue;
        const std::string said =
            value->is_string() ? fmt::format("<<\"{}\">>", std::string_view(value->get_string())) : json::serialize(*value);
        return bad_request(fmt::format("{{not_boolean,{}}}", said));
    }
    return std::nullopt;
}

bool flag_of(const json::object& body, std::string_view name, bool otherwise) {
    const auto* value = body.if_contains(name);
    if (!value) return otherwise;
    return value->is_bool() ? value->get_bool() : *value == "true";
}

std::optional<std::int64_t> number_of(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (!value) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    std::int64_t number = 0;
    if (!value->is_string()) return std::nullopt;
    const std::string_view text = value->get_string();  // rabbitmqadmin sends some numbers as text
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

const json::object* object_of(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    return value ? value->if_object() : nullptr;
}

const json::array* array_of(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    return value ? value->if_array() : nullptr;
}

std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (plain) out += c;
        else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace rowmq::management

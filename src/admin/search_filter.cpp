#include "admin/search_filter.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

#include "admin/routes.hpp"

namespace rowmq::admin {
namespace {

/// In time that grows with the body alone, whatever is searched for.
bool contains(std::string_view body, std::string_view text) {
    return text.empty() || ::memmem(body.data(), body.size(), text.data(), text.size()) != nullptr;
}

bool is_reason(std::string_view word) {
    using Reason = DeadLetterRecord::Reason;
    for (const auto reason : {Reason::max_receives, Reason::rejected, Reason::expired, Reason::max_length})
        if (word == name_of(reason)) return true;
    return false;
}

Result<std::optional<WallTime>> time_of(const Request& request, const std::string& name) {
    if (!request.query.contains(name)) return std::optional<WallTime>();
    const auto value = number_of(request, name, 0, 0, std::numeric_limits<std::int64_t>::max());
    if (value.has_error()) return value.error();
    return std::optional(WallTime(milliseconds(*value)));
}

}  // namespace

bool header_equals(const HeaderValue& header, std::string_view written) {
    struct {
        std::string_view written;
        bool operator()(std::nullptr_t) const { return written == "null"; }
        bool operator()(bool value) const { return written == (value ? "true" : "false"); }
        bool operator()(std::int64_t value) const { return written == std::to_string(value); }
        bool operator()(double value) const {
            return written == boost::json::serialize(boost::json::value(value)) || written == fmt::to_string(value);
        }
        bool operator()(const std::string& value) const { return written == value; }
        bool operator()(const Binary& value) const { return written == value.bytes; }
        bool operator()(WallTime value) const { return written == std::to_string(value.time_since_epoch().count()); }
        bool operator()(const HeaderList&) const { return false; }
        bool operator()(const HeaderTable&) const { return false; }
    } equals{written};
    return std::visit(equals, header.value);
}

bool SearchFilter::matches(const Delivery& delivery) const {
    static const Properties none;
    const Properties& properties = delivery.message.properties ? *delivery.message.properties : none;
    if (published_since && delivery.published_at < *published_since) return false;
    if (published_before && delivery.published_at >= *published_before) return false;
    if (group && properties.group != *group) return false;
    if (id && std::to_string(value_of(delivery.message_id)) != *id && properties.message_id != *id) return false;
    if ((reason || source) && delivery.dead_letters.empty()) return false;
    if (reason && name_of(delivery.dead_letters.front().reason) != *reason) return false;
    if (source && delivery.dead_letters.front().queue != *source) return false;
    for (const HeaderEquals& wanted : headers) {
        const auto is_it = [&](const Header& header) { return header.name == wanted.name && header_equals(header.value, wanted.value); };
        if (std::ranges::none_of(properties.headers, is_it)) return false;
    }
    return contains(delivery.message.text(), text);
}

Result<SearchFilter> read_search_filter(const Request& request, const std::vector<std::string>& others) {
    SearchFilter filter;
    for (const auto& [name, value] : request.parameters) {
        if (name == "text") {
            filter.text = value;
        } else if (name == "header") {
            const auto equals = value.find('=');
            if (equals == std::string::npos || equals == 0) {
                return Error{Errc::invalid_argument, fmt::format("header: \"{}\" is not of the form NAME=VALUE", value)};
            }
            filter.headers.push_back({value.substr(0, equals), value.substr(equals + 1)});
        } else if (name == "group") {
            filter.group = value;
        } else if (name == "id") {
            filter.id = value;
        } else if (name == "reason") {
            if (!is_reason(value)) {
                return Error{Errc::invalid_argument,
                             fmt::format("reason: \"{}\" is none of max_receives, rejected, expired, max_length", value)};
            }
            filter.reason = value;
        } else if (name == "source") {
            filter.source = value;
        } else if (name != "published_since_ms" && name != "published_before_ms" && std::ranges::find(others, name) == others.end()) {
            return Error{Errc::invalid_argument, fmt::format("a search has no \"{}\"", name)};
        }
    }
    auto since = time_of(request, "published_since_ms"), before = time_of(request, "published_before_ms");
    if (since.has_error()) return std::move(since).error();
    if (before.has_error()) return std::move(before).error();
    filter.published_since = *since;
    filter.published_before = *before;
    return filter;
}

}  // namespace rowmq::admin

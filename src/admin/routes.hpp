#pragma once
// What the handlers of the admin API share: the form of a route and how a query's parts are read.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "admin/admin.hpp"

namespace rowmq::admin {

struct Admin::Route {
    std::string_view method;
    std::string_view pattern;  ///< segments; "*" is the part that varies
    Handler handler;
};

/// A whole number of the query, or `otherwise`. Errors: invalid_argument.
inline Result<std::int64_t> number_of(const Request& request, const std::string& name, std::int64_t otherwise, std::int64_t min,
                                      std::int64_t max) {
    const auto found = request.query.find(name);
    if (found == request.query.end()) return otherwise;
    const auto& text = found->second;
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value < min || value > max) {
        return Error{Errc::invalid_argument,
                     "\"" + name + "\" is not a whole number from " + std::to_string(min) + " to " + std::to_string(max)};
    }
    return value;
}

inline std::string text_of(const Request& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
}

/// "?name", "?name=true" and "?name=1" set a flag.
inline bool flag_of(const Request& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found != request.query.end() && (found->second.empty() || found->second == "true" || found->second == "1");
}

}  // namespace rowmq::admin

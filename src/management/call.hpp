#pragma once
// One request to the management API: what its path names, its query, its body, and who asks.

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/users.hpp"
#include "management/answer.hpp"

namespace rowmq::management {

struct Call {
    std::string method;
    std::vector<std::string> path;   ///< decoded, behind /api/
    std::vector<std::string> names;  ///< the parts of it that vary, in their order
    std::map<std::string, std::string> query;
    boost::json::object body;  ///< empty: there was none
    amqp::LoggedIn user;
    std::string reason;  ///< X-Reason

    const std::string& name(std::size_t i) const { return names[i]; }
    std::optional<std::string> asked(const std::string& key) const;
    bool flag(const std::string& key) const { return asked(key) == "true"; }
    bool is_administrator() const { return user.has_tag("administrator"); }
    bool is_monitor() const { return is_administrator() || user.has_tag("monitoring"); }
    bool is_policymaker() const { return is_administrator() || user.has_tag("policymaker"); }
    bool is_manager() const { return is_monitor() || is_policymaker() || user.has_tag("management"); }
};

/// Path and query of "/api/queues/%2F?page=1". None: that is no path, or has too many parts.
std::optional<Call> parse_target(std::string_view method, std::string_view target);

// Members of a body.

/// "[{key_missing,password}]" when some are not there.
std::optional<Answer> missing(const boost::json::object& body, std::initializer_list<std::string_view> names);
/// Refuses those that are no regular expressions.
std::optional<Answer> unless_patterns(const boost::json::object& body, std::initializer_list<std::string_view> names);
/// Of {"configure", "write", "read"}.
Permission permission_of(std::string user, std::string vhost, const boost::json::object& said);
/// None: it is not there, or no text.
std::optional<std::string> text_of(const boost::json::object& body, std::string_view name);
inline bool is_text(const boost::json::value& value, std::string_view text) {
    return value.is_string() && std::string_view(value.get_string()) == text;
}
/// "{not_boolean,...}" when one of them is there and is neither true nor false, also as text.
std::optional<Answer> unless_flags(const boost::json::object& body, std::initializer_list<std::string_view> names);
/// True, or the text "true".
bool flag_of(const boost::json::object& body, std::string_view name, bool otherwise = false);
std::optional<std::int64_t> number_of(const boost::json::object& body, std::string_view name);
/// Null: it is not there, or no object.
const boost::json::object* object_of(const boost::json::object& body, std::string_view name);
const boost::json::array* array_of(const boost::json::object& body, std::string_view name);

/// All bytes but letters, digits, '-', '_' and '.' as %XX.
std::string quoted(std::string_view text);

}  // namespace rowmq::management

#pragma once
// Reads the members of a JSON object into variables. Absent members leave theirs alone; the first error is remembered
// and asked for once, at the end; members nobody asked for are an error, so that a misspelt option is not ignored.

#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"
#include "rowmq/message.hpp"

namespace rowmq::admin {

class Fields final {
public:
    /// `object` outlives this. `where` begins every error ("options").
    Fields(const boost::json::object& object, std::string where) : object_(object), where_(std::move(where)) {}

    bool has(std::string_view name);

    void text(std::string_view name, std::string& out);
    void text(std::string_view name, std::optional<std::string>& out);  ///< null is none
    void flag(std::string_view name, bool& out);
    void flag(std::string_view name, std::optional<bool>& out);
    void number(std::string_view name, double& out);
    template <typename Integer>
    void integer(std::string_view name, Integer& out);
    template <typename Integer>
    void integer(std::string_view name, std::optional<Integer>& out);
    void duration(std::string_view name, milliseconds& out);
    void duration(std::string_view name, std::optional<milliseconds>& out);
    void time(std::string_view name, std::optional<WallTime>& out);
    void texts(std::string_view name, std::map<std::string, std::string>& out);
    /// The member as an object or array; null when absent (or null, or wrong, which is then the error).
    const boost::json::object* object(std::string_view name);
    const boost::json::array* array(std::string_view name);

    void fail(std::string text);
    std::optional<Error> error() const;

private:
    const boost::json::value* find(std::string_view name);
    bool read_integer(std::string_view name, const boost::json::value& value, std::int64_t min, std::uint64_t max, std::int64_t& out);
    void wrong(std::string_view name, std::string_view expected);

    const boost::json::object& object_;
    std::string where_;
    std::set<std::string, std::less<>> asked_;
    std::optional<std::string> failure_;
};

template <typename Integer>
void Fields::integer(std::string_view name, Integer& out) {
    const auto* value = find(name);
    if (!value) return;
    std::int64_t read = 0;
    using Range = std::numeric_limits<Integer>;
    if (read_integer(name, *value, static_cast<std::int64_t>(Range::min()), static_cast<std::uint64_t>(Range::max()), read)) {
        out = static_cast<Integer>(read);
    }
}

template <typename Integer>
void Fields::integer(std::string_view name, std::optional<Integer>& out) {
    const auto* value = find(name);
    if (!value) return;
    if (value->is_null()) {
        out.reset();
        return;
    }
    Integer read{};
    integer(name, read);
    out = read;
}

}  // namespace rowmq::admin

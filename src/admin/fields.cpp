#include "admin/fields.hpp"

#include <fmt/format.h>

namespace rowmq::admin {
namespace json = boost::json;

const json::value* Fields::find(std::string_view name) {
    asked_.emplace(name);
    return object_.if_contains({name.data(), name.size()});
}

bool Fields::has(std::string_view name) { return find(name) != nullptr; }

void Fields::fail(std::string text) {
    if (!failure_) failure_ = std::move(text);
}

void Fields::wrong(std::string_view name, std::string_view expected) { fail(fmt::format("{}: \"{}\" is not {}", where_, name, expected)); }

std::optional<Error> Fields::error() const {
    if (failure_) return Error{Errc::invalid_argument, *failure_};
    for (const auto& member : object_) {
        const std::string_view name = member.key();
        if (!asked_.contains(name)) return Error{Errc::invalid_argument, fmt::format("{}: there is no \"{}\"", where_, name)};
    }
    return std::nullopt;
}

void Fields::text(std::string_view name, std::string& out) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_string()) return wrong(name, "a string");
    out = std::string(value->get_string());
}

void Fields::text(std::string_view name, std::optional<std::string>& out) {
    const auto* value = find(name);
    if (!value) return;
    if (value->is_null()) return out.reset();
    out.emplace();
    text(name, *out);
}

void Fields::flag(std::string_view name, bool& out) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_bool()) return wrong(name, "true or false");
    out = value->get_bool();
}

void Fields::flag(std::string_view name, std::optional<bool>& out) {
    const auto* value = find(name);
    if (!value) return;
    if (value->is_null()) return out.reset();
    out.emplace(false);
    flag(name, *out);
}

void Fields::number(std::string_view name, double& out) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_number()) return wrong(name, "a number");
    out = value->to_number<double>();
}

bool Fields::read_integer(std::string_view name, const json::value& value, std::int64_t min, std::uint64_t max, std::int64_t& out) {
    const auto highest = std::min<std::uint64_t>(max, std::numeric_limits<std::int64_t>::max());
    const auto expected = [&] { return fmt::format("a whole number from {} to {}", min, highest); };
    if (value.is_int64()) {
        out = value.get_int64();
        if (out >= min && (out < 0 || static_cast<std::uint64_t>(out) <= highest)) return true;
    }
    wrong(name, expected());
    return false;
}

void Fields::duration(std::string_view name, milliseconds& out) {
    std::int64_t count = out.count();
    integer(name, count);
    out = milliseconds(count);
}

void Fields::duration(std::string_view name, std::optional<milliseconds>& out) {
    const auto* value = find(name);
    if (!value) return;
    if (value->is_null()) return out.reset();
    out.emplace(0);
    duration(name, *out);
}

void Fields::time(std::string_view name, std::optional<WallTime>& out) {
    std::optional<milliseconds> since;
    if (!find(name)) return;
    duration(name, since);
    out = since ? std::optional(WallTime(*since)) : std::nullopt;
}

void Fields::texts(std::string_view name, std::map<std::string, std::string>& out) {
    const auto* members = object(name);
    if (!members) return;
    out.clear();
    for (const auto& member : *members) {
        if (!member.value().is_string()) return wrong(name, "an object of strings");
        out.emplace(member.key(), member.value().get_string());
    }
}

const json::object* Fields::object(std::string_view name) {
    const auto* value = find(name);
    if (!value || value->is_null()) return nullptr;
    if (!value->is_object()) wrong(name, "an object");
    return value->if_object();
}

const json::array* Fields::array(std::string_view name) {
    const auto* value = find(name);
    if (!value || value->is_null()) return nullptr;
    if (!value->is_array()) wrong(name, "an array");
    return value->if_array();
}

}  // namespace rowmq::admin

#include "sns/filter_policy.hpp"

#include <fmt/format.h>

#include "base/bounded_json.hpp"

namespace rowmq::sns {
namespace {

namespace json = boost::json;

constexpr std::size_t max_fields = 5;
constexpr std::size_t max_combinations = 150;
constexpr std::size_t max_bytes = 256 * 1024;

/// Fields and combinations of one object. In a body's policy a field counts its depth times.
struct Complexity {
    std::size_t fields = 0;
    std::size_t combinations = 1;

    void object(const json::object& object, std::size_t depth) {
        for (const auto& [name, value] : object) {
            if (value.is_object()) {
                this->object(value.get_object(), depth + 1);
            } else if (value.is_array() && name == "$or") {
                choice(value.get_array(), depth);
            } else if (value.is_array()) {
                ++fields;
                multiply(std::max<std::size_t>(1, value.get_array().size()) * depth);
            }
        }
    }

private:
    void choice(const json::array& alternatives, std::size_t depth) {
        std::size_t sum = 0;
        for (const auto& alternative : alternatives) {
            if (!alternative.is_object()) continue;
            Complexity one;
            one.object(alternative.get_object(), depth);
            fields += one.fields;
            sum += one.combinations;
        }
        multiply(std::max<std::size_t>(1, sum));
    }
    void multiply(std::size_t by) { combinations = std::min<std::size_t>(combinations * by, 1'000'000); }
};

}  // namespace

std::optional<std::string> check_filter_policy(std::string_view policy, FilterScope scope) {
    if (policy.size() > max_bytes) return fmt::format("FilterPolicy: it has {} bytes, at most {} are allowed", policy.size(), max_bytes);
    const auto parsed = parse_bounded_object(policy);
    if (!parsed) return "FilterPolicy: failed to parse JSON.";
    if (scope == FilterScope::attributes)
        for (const auto& [name, value] : *parsed)
            if (value.is_object()) return "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy";
    Complexity complexity;
    complexity.object(*parsed, 1);
    if (complexity.fields > max_fields) return "FilterPolicy: Filter policy can not have more than 5 keys";
    if (complexity.combinations > max_combinations) return "FilterPolicy: Filter policy is too complex";
    return std::nullopt;
}

}  // namespace rowmq::sns

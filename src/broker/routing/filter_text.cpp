// Compiling: a filter's JSON into a pattern.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "base/bounded_json.hpp"
#include "broker/routing/filter.hpp"

namespace rowmq {
namespace filter {
namespace {

namespace json = boost::json;
namespace ip = boost::asio::ip;

constexpr double unbounded = std::numeric_limits<double>::infinity();
constexpr std::array operators{"exists", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "anything-but", "cidr"};

/// Thrown within compile() only, which answers it as an Error.
struct Wrong {
    std::string text;
};

bool is_operator(std::string_view name) { return std::ranges::find(operators, name) != operators.end(); }

std::string text_of(const json::value& value, std::string_view what) {
    if (!value.is_string()) throw Wrong{fmt::format("the value of {} must be a string", what)};
    return std::string(value.get_string());
}

double number_of(const json::value& value, std::string_view what) {
    if (!value.is_number()) throw Wrong{fmt::format("the value of {} must be a number", what)};
    return value.to_number<double>();
}

Condition::Wildcard wildcard_of(std::string_view text) {
    Condition::Wildcard wildcard;
    std::string part;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\'))
                throw Wrong{"in a wildcard a backslash must be followed by * or another backslash"};
            part += text[++i];
        } else if (text[i] == '*') {
            if (part.empty() && !wildcard.parts.empty()) throw Wrong{"a wildcard must not contain two stars in a row"};
            wildcard.parts.push_back(std::exchange(part, {}));
        } else {
            part += text[i];
        }
    }
    wildcard.parts.push_back(std::move(part));
    return wildcard;
}

Condition::Between numeric_of(const json::value& value) {
    if (!value.is_array() || (value.get_array().size() != 2 && value.get_array().size() != 4))
        throw Wrong{"the value of numeric must be a list of one or two comparisons"};
    const auto& list = value.get_array();
    Condition::Between between{-unbounded, unbounded, false, false};
    const std::string first = text_of(list[0], "a numeric comparison");
    const double number = number_of(list[1], "numeric");
    if (list.size() == 2) {
        if (first == "=") return {number, number, false, false};
        if (first == "<") return {-unbounded, number, false, true};
        if (first == "<=") return {-unbounded, number, false, false};
    }
    if (first != ">" && first != ">=") throw Wrong{fmt::format("numeric does not know the comparison \"{}\" there", first)};
    between.low = number;
    between.low_open = first == ">";
    if (list.size() == 4) {
        const std::string second = text_of(list[2], "a numeric comparison");
        if (second != "<" && second != "<=") throw Wrong{fmt::format("numeric does not know the comparison \"{}\" there", second)};
        between.high = number_of(list[3], "numeric");
        between.high_open = second == "<";
        if (!(between.low < between.high)) throw Wrong{"the bottom of a numeric range must be less than its top"};
    }
    return between;
}

Condition::InNetwork network_of(const std::string& text) {
    boost::system::error_code error;
    const auto slash = text.find('/');
    if (slash != std::string::npos) {
        if (const auto v4 = ip::make_network_v4(text, error); !error) return {ip::make_network_v4(v4.network(), v4.prefix_length())};
        if (const auto v6 = ip::make_network_v6(text, error); !error) return {ip::make_network_v6(v6.network(), v6.prefix_length())};
    } else if (const auto address = ip::make_address(text, error); !error) {
        if (address.is_v4()) return {ip::make_network_v4(address.to_v4(), 32)};
        return {ip::make_network_v6(address.to_v6(), 128)};
    }
    throw Wrong{fmt::format("\"{}\" is not a network in CIDR notation", text)};
}

Value plain_value(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return nullptr;
        case json::kind::bool_: return value.get_bool();
        case json::kind::string: return std::string(value.get_string());
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_: return value.to_number<double>();
        default: throw Wrong{"a condition must be a string, a number, true, false, null or an object"};
    }
}

Condition condition_of(const json::value& value);

/// What anything-but refuses: one value, a list of values, or one prefix, suffix, wildcard, equals-ignore-case (or a list).
Condition::AnythingBut anything_but(const json::value& value) {
    Condition::AnythingBut but;
    if (value.is_object()) {
        if (value.get_object().size() != 1) throw Wrong{"the value of anything-but must have one member"};
        const auto& [name, of] = *value.get_object().begin();
        if (name != "prefix" && name != "suffix" && name != "wildcard" && name != "equals-ignore-case")
            throw Wrong{fmt::format("anything-but does not know \"{}\"", std::string_view(name))};
        const auto add = [&, key = name](const json::value& text) { but.conditions.push_back(condition_of(json::object{{key, text}})); };
        if (of.is_array())
            for (const auto& text : of.get_array()) add(text);
        else add(of);
    } else if (value.is_array()) {
        for (const auto& one : value.get_array()) {
            if (!one.is_string() && !one.is_number()) throw Wrong{"anything-but takes strings and numbers"};
            but.conditions.push_back({Condition::Equals{plain_value(one)}});
        }
    } else {
        if (!value.is_string() && !value.is_number()) throw Wrong{"anything-but takes strings and numbers"};
        but.conditions.push_back({Condition::Equals{plain_value(value)}});
    }
    if (but.conditions.empty()) throw Wrong{"the list of anything-but must not be empty"};
    return but;
}

Condition condition_of(const json::value& value) {
    if (!value.is_object()) return {Condition::Equals{plain_value(value)}};
    if (value.get_object().size() != 1) throw Wrong{"a condition that is an object must have one member"};
    const auto& [key, of] = *value.get_object().begin();
    const std::string_view name = key;
    if (name == "exists") {
        if (!of.is_bool()) throw Wrong{"the value of exists must be true or false"};
        return {Condition::Exists{of.get_bool()}};
    }
    if (name == "prefix") return {Condition::Prefix{text_of(of, name)}};
    if (name == "suffix") return {Condition::Suffix{text_of(of, name)}};
    if (name == "equals-ignore-case") return {Condition::EqualsIgnoreCase{text_of(of, name)}};
    if (name == "wildcard") return {wildcard_of(text_of(of, name))};
    if (name == "numeric") return {numeric_of(of)};
    if (name == "cidr") return {network_of(text_of(of, name))};
    if (name == "anything-but") return {anything_but(of)};
    throw Wrong{fmt::format("there is no condition \"{}\"", name)};
}

/// Builds one pattern from one object.
class Compiler {
public:
    Compiler(BindingOptions::FilterOn on, const Limits& limits) : on_(on), limits_(limits) {}

    Pattern pattern(const json::object& object) {
        Pattern pattern;
        all(object, pattern, pattern.all);
        return pattern;
    }

private:
    void all(const json::object& object, Pattern& into, Pattern::All& group) {
        if (object.empty()) throw Wrong{"an object without fields"};
        for (const auto& [key, value] : object) {
            const std::string_view name = key;
            if (name == "$or" && is_choice(value)) {
                auto& alternatives = group.choices.emplace_back();
                for (const auto& alternative : value.get_array()) all(alternative.get_object(), into, alternatives.emplace_back());
                continue;
            }
            group.fields.push_back(into.fields.size());
            field(name, value, into);
        }
    }

    void field(std::string_view name, const json::value& value, Pattern& into) {
        if (++fields_ > limits_.filter_fields) throw Wrong{fmt::format("more than {} fields", limits_.filter_fields)};
        Pattern::Field made;
        made.name = std::string(name);
        if (value.is_object()) {
            if (on_ == BindingOptions::FilterOn::headers) throw Wrong{fmt::format("the conditions on header \"{}\" must be a list", name)};
            made.below = std::make_unique<Pattern>(pattern(value.get_object()));
        } else if (value.is_array()) {
            if (value.get_array().empty()) throw Wrong{fmt::format("the list of conditions on \"{}\" is empty", name)};
            for (const auto& one : value.get_array()) {
                if (++conditions_ > limits_.filter_conditions)
                    throw Wrong{fmt::format("more than {} conditions", limits_.filter_conditions)};
                made.conditions.push_back(condition_of(one));
            }
        } else {
            throw Wrong{fmt::format("\"{}\" must be an object or a list", name)};
        }
        into.fields.push_back(std::move(made));
    }

    /// "$or" is a field like any other unless it stands before two or more objects that are no conditions.
    static bool is_choice(const json::value& value) {
        if (!value.is_array() || value.get_array().size() < 2) return false;
        return std::ranges::all_of(value.get_array(), [](const json::value& alternative) {
            return alternative.is_object() &&
                   std::ranges::none_of(alternative.get_object(), [](const auto& member) { return is_operator(member.key()); });
        });
    }

    BindingOptions::FilterOn on_;
    const Limits& limits_;
    std::size_t fields_ = 0, conditions_ = 0;
};

}  // namespace
}  // namespace filter

Result<std::shared_ptr<const Filter>> Filter::compile(std::string_view text, BindingOptions::FilterOn on, const Limits& limits) {
    const auto wrong = [](std::string_view why) { return Error{Errc::invalid_argument, fmt::format("the filter: {}", why)}; };
    if (text.size() > limits.filter_bytes)
        return wrong(fmt::format("{} bytes long: at most {} are allowed", text.size(), limits.filter_bytes));
    const auto parsed = parse_bounded_object(text, {.depth = limits.filter_depth});
    if (!parsed) return wrong(parsed.error().text);
    auto made = std::make_shared<Filter>();
    made->on_ = on;
    try {
        made->pattern_ = filter::Compiler(on, limits).pattern(*parsed);
    } catch (const filter::Wrong& problem) {
        return wrong(problem.text);
    }
    return std::shared_ptr<const Filter>(std::move(made));
}

}  // namespace rowmq

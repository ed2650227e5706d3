#pragma once
// Which messages a binding takes: a compiled filter in the language of Amazon SNS's filter policies (doc/filters.md).
//
// Values; no thread. What is matched is never built as a tree: a body is read through once a field, so a message costs no
// more memory than its longest text.

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "rowmq/error.hpp"
#include "rowmq/message.hpp"
#include "rowmq/values.hpp"

namespace rowmq {

namespace filter {

/// One value of a message: what a condition looks at.
using Value = std::variant<std::nullptr_t, bool, double, std::string>;

/// One condition on one value.
struct Condition {
    struct Exists {
        bool wanted;
    };
    struct Equals {
        Value value;
    };
    struct Prefix {
        std::string text;
    };
    struct Suffix {
        std::string text;
    };
    struct EqualsIgnoreCase {
        std::string text;  ///< ASCII letters folded
    };
    struct Wildcard {
        std::vector<std::string> parts;  ///< what stands between the stars
    };
    struct Between {
        double low, high;
        bool low_open, high_open;
    };
    struct InNetwork {
        std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6> network;
    };
    struct AnythingBut {
        std::vector<Condition> conditions;
    };
    std::variant<Exists, Equals, Prefix, Suffix, EqualsIgnoreCase, Wildcard, Between, InNetwork, AnythingBut> what;

    bool holds(const Value& value) const;
};

/// What an object must look like: fields, and which of them together.
struct Pattern {
    struct Field {
        std::string name;
        std::vector<Condition> conditions;  ///< one of them must hold
        std::unique_ptr<Pattern> below;     ///< instead: the field is an object that matches
    };
    /// All these fields, and of every choice one alternative.
    struct All {
        std::vector<std::size_t> fields;
        std::vector<std::vector<All>> choices;
    };
    std::vector<Field> fields;
    All all;
};

}  // namespace filter

class Filter final {
public:
    /// Errors: invalid_argument, naming what is wrong where.
    static Result<std::shared_ptr<const Filter>> compile(std::string_view json, BindingOptions::FilterOn on, const Limits& limits);

    bool on_body() const noexcept { return on_ == BindingOptions::FilterOn::body; }
    /// `body` is only looked at where on_body(); what is not a JSON object then matches nothing.
    bool matches(const Properties* properties, std::string_view body) const;

private:
    BindingOptions::FilterOn on_{};
    filter::Pattern pattern_;
};

}  // namespace rowmq

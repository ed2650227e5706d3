#pragma once
// The JSON that attributes carry as text. Values.

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bounded_json.hpp"

namespace rowmq::sqs {

/// None when the text is not one JSON object, or has too many values for its size.
inline std::optional<boost::json::object> parse_json_object(std::string_view text) {
    auto parsed = parse_bounded_object(text);
    if (!parsed) return std::nullopt;
    return *std::move(parsed);
}

}  // namespace rowmq::sqs

#pragma once
// The JSON that attributes carry as text. Values.

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace rowmq::sqs {

/// None when the text is not one JSON object.
inline std::optional<boost::json::object> parse_json_object(std::string_view text) {
    boost::system::error_code error;
    auto parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) return std::nullopt;
    return std::move(parsed.as_object());
}

}  // namespace rowmq::sqs

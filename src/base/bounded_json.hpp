#pragma once
// JSON from a client as a tree, in memory bounded by its size: short texts of many values are refused instead of grown.

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq {

struct JsonBounds {
    std::size_t depth = 32;               ///< of lists and objects in each other
    std::size_t extra_bytes = 32 * 1024;  ///< beside 4 times the text's size
};

/// Errors: invalid_argument (not JSON), limit_exceeded (too many values for its size).
Result<boost::json::value> parse_bounded(std::string_view text, JsonBounds bounds = {});
/// The same of an object; anything else is invalid_argument.
Result<boost::json::object> parse_bounded_object(std::string_view text, JsonBounds bounds = {});

}  // namespace rowmq

#pragma once
// What the layouts of AWS's requests and responses are made of: a struct and one `layout` each, walked by the JSON reader
// and writer, the Query reader and the XML writer. What a Query list or map is called differs from JSON and stands beside it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/credit.hpp"

namespace rowmq::aws {

using Text = std::optional<std::string>;
using Number = std::optional<std::int64_t>;
using Texts = std::vector<std::string>;
template <typename T>
using Map = std::vector<std::pair<std::string, T>>;

/// A list is "Entries": [...] in JSON and Entry.1, Entry.2 in Query and XML.
struct ListName {
    std::string_view json, query;
    bool always = false;  ///< written when empty too (JSON)
};
/// Query's names are those of SQS (Entry.1, an element Entry a piece) or, with a dot, of SNS ("Topics.member").
/// A map is "Attributes": {...} in JSON and Attribute.1.Name, Attribute.1.Value in Query and XML.
struct MapName {
    std::string_view json, query;
    std::string_view key = "Name", value = "Value";
};

/// What actions without a result answer.
struct Nothing {
    static void layout(auto&, auto&) {}
};

}  // namespace rowmq::aws

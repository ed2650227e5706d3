#pragma once
// What a search looks for in messages. All that is given has to be true of a message.

#include <optional>
#include <string>
#include <vector>

#include "admin/request.hpp"
#include "rowmq/values.hpp"

namespace rowmq::admin {

struct SearchFilter {
    struct HeaderEquals {
        std::string name, value;
    };
    std::string text;  ///< somewhere in the body, byte by byte
    std::vector<HeaderEquals> headers;
    std::optional<std::string> group;
    std::optional<std::string> id;      ///< the message's, or what the application named it
    std::optional<std::string> reason;  ///< of its latest dead-lettering
    std::optional<std::string> source;  ///< the queue of its latest dead-lettering
    std::optional<WallTime> published_since, published_before;

    bool matches(const Delivery& delivery) const;
};

/// Of a query's parameters. `others` may be there too; any other name is an error, as a misspelt filter would find everything.
/// Errors: invalid_argument.
Result<SearchFilter> read_search_filter(const Request& request, const std::vector<std::string>& others);

/// Whether a header has the value written so: numbers as JSON writes them, true and false, times in milliseconds since 1970.
/// Lists and tables have none.
bool header_equals(const HeaderValue& header, std::string_view written);

}  // namespace rowmq::admin

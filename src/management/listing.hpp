#pragma once
// Lists as RabbitMQ answers them: by pages, sorted, filtered by name, with the columns that were asked for.

#include <functional>
#include <string_view>

#include "management/call.hpp"

namespace rowmq::management {

struct Listing {
    std::size_t size = 0;
    std::function<std::string_view(std::size_t)> name;
    std::function<boost::json::object(std::size_t)> make;
    bool pages = false;  ///< `page` asks for one
};

/// Only what is asked for is made: all of it for `sort`, which is refused for very many.
Answer list(const Call& call, const Listing& listing);
/// Of things made already.
Answer list(const Call& call, std::vector<boost::json::object> all, std::string_view name_member = "name", bool pages = false);

/// `object` with the columns the query names, if it names any ("name,message_stats.publish").
boost::json::object with_columns(const Call& call, boost::json::object object);

}  // namespace rowmq::management

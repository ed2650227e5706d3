#pragma once
// Messages of the admin API as people read them.

#include <boost/json.hpp>
#include <cstdint>
#include <string>

namespace rowmq::app {

/// Text or bytes, whichever it is.
std::string body_of(const boost::json::object& message);
/// "2026-11-26T01:02:03Z".
std::string time_text(std::int64_t ms);
/// Id, time, receives and body, with a line feed.
std::string message_line(const boost::json::object& message);

}  // namespace rowmq::app

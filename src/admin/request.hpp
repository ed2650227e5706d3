#pragma once
// One question to the admin API and its answer, without a socket.

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/error.hpp"

namespace rowmq::admin {

struct Request {
    std::string method;                                           ///< "GET"
    std::vector<std::string> path;                                ///< decoded: {"rowmq", "v1", "queues", "orders"}
    std::map<std::string, std::string> query;                     ///< decoded; the last of equal names
    std::vector<std::pair<std::string, std::string>> parameters;  ///< all of the query, in their order
    std::string content_type;
    std::string origin;  ///< as a browser names it; empty: not sent by a web page
    std::string host;
    std::string body;
    /// Calls what it is given once nobody waits for the answer any longer; empty: somebody always does.
    std::function<void(std::function<void()>)> on_end;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string allow;  ///< of 405
    /// Awaited when the answer could not be given.
    std::function<boost::asio::awaitable<void>()> unsent;
};

/// A request out of its method and target ("/rowmq/v1/queues/a%2Fb?max=3"). Errors: invalid_argument, also of more than 32
/// segments or 100 parameters.
Result<Request> parse_target(std::string_view method, std::string_view target);

/// A body. It takes at most 4 times its size and 2 MiB of memory, ten thousand small messages among them. Errors:
/// invalid_argument (not a JSON object), limit_exceeded (too many values for its size).
Result<boost::json::object> parse_body(std::string_view body);

Response json_response(const boost::json::value& value, int status = 200);
/// {"code": "no_such_queue", "text": "..."} with the status that belongs to it.
Response error_response(const Error& error);
Response error_response(int status, std::string_view code, std::string_view text);

/// The HTTP status of an error.
int status_of(Errc code) noexcept;

/// {"code", "text"} of one part of an answer.
boost::json::object error_json(const Error& error);

}  // namespace rowmq::admin

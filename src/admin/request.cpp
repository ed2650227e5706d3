#include "admin/request.hpp"

#include <fmt/format.h>

#include <boost/url.hpp>

#include "base/bounded_json.hpp"

namespace rowmq::admin {
namespace {

// A segment or parameter of one byte costs many times its size.
constexpr std::size_t max_segments = 32, max_parameters = 100;

}  // namespace

Result<boost::json::object> parse_body(std::string_view body) {
    auto parsed = parse_bounded_object(body, {.extra_bytes = 2 * 1024 * 1024});
    if (!parsed)
        return Error{parsed.error().code, parsed.error().code == Errc::limit_exceeded ? "the body has too many values for its size"
                                                                                      : "the body is not a JSON object"};
    return parsed;
}

Result<Request> parse_target(std::string_view method, std::string_view target) {
    const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
    if (parsed.has_error()) return Error{Errc::invalid_argument, "the request's target is not a path"};
    if (parsed->segments().size() > max_segments)
        return Error{Errc::invalid_argument, fmt::format("the request's path has more than {} segments", max_segments)};
    if (parsed->params().size() > max_parameters)
        return Error{Errc::invalid_argument, fmt::format("the request's query has more than {} parameters", max_parameters)};
    Request request;
    request.method = std::string(method);
    for (const auto segment : parsed->segments()) request.path.emplace_back(std::string(segment));
    for (const auto parameter : parsed->params()) {
        request.query[std::string(parameter.key)] = std::string(parameter.value);
        request.parameters.emplace_back(std::string(parameter.key), std::string(parameter.value));
    }
    return request;
}

Response json_response(const boost::json::value& value, int status) {
    return Response{.status = status, .body = boost::json::serialize(value) + "\n"};
}

boost::json::object error_json(const Error& error) { return {{"code", name_of(error.code)}, {"text", error.text}}; }

Response error_response(const Error& error) { return json_response(error_json(error), status_of(error.code)); }

Response error_response(int status, std::string_view code, std::string_view text) {
    boost::json::object answer;
    answer["code"] = code;
    answer["text"] = text;
    return json_response(answer, status);
}

int status_of(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument: return 400;
        case Errc::limit_exceeded: return 400;
        case Errc::message_too_large: return 413;
        case Errc::no_such_namespace: return 404;
        case Errc::no_such_queue: return 404;
        case Errc::no_such_exchange: return 404;
        case Errc::no_such_binding: return 404;
        case Errc::no_such_message: return 404;
        case Errc::no_such_task: return 404;
        case Errc::already_exists: return 409;
        case Errc::in_use: return 409;
        case Errc::access_refused: return 403;
        case Errc::lease_gone: return 410;
        case Errc::too_many_leases: return 429;
        case Errc::queue_full: return 507;
        case Errc::queue_deleted: return 410;
        case Errc::transaction_failed: return 409;
        case Errc::store_full: return 507;
        case Errc::memory_short: return 503;
        case Errc::store_failed: return 503;
        case Errc::store_busy: return 503;
        case Errc::store_newer: return 503;
        case Errc::closed: return 503;
    }
    return 500;
}

}  // namespace rowmq::admin

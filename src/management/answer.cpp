#include "management/answer.hpp"

namespace rowmq::management {
namespace {

/// "NOT_FOUND - no queue 'q'" without what stands before the dash.
std::string_view words_of(std::string_view text) {
    const auto dash = text.find(" - ");
    return dash == std::string_view::npos ? text : text.substr(dash + 3);
}

}  // namespace

Answer json_answer(const boost::json::value& value, unsigned status) {
    return {.status = status, .content_type = "application/json", .body = boost::json::serialize(value)};
}

Answer refused(unsigned status, std::string_view error, std::string_view reason) {
    const boost::json::object body{{"error", error}, {"reason", reason}};
    Answer answer = json_answer(body, status);
    if (status == 401 && error == "not_authorized") answer.fields.emplace_back("WWW-Authenticate", "Basic realm=\"RabbitMQ Management\"");
    return answer;
}

Answer answer_of(const Error& error) {
    switch (error.code) {
        case Errc::no_such_namespace:
        case Errc::no_such_queue:
        case Errc::no_such_exchange:
        case Errc::no_such_binding:
        case Errc::no_such_message:
        case Errc::no_such_task:
        case Errc::queue_deleted: return not_found();
        case Errc::access_refused: return not_authorised(error.text);
        case Errc::invalid_argument:
        case Errc::limit_exceeded:
        case Errc::message_too_large:
        case Errc::already_exists:
        case Errc::in_use:
        case Errc::lease_gone:
        case Errc::too_many_leases:
        case Errc::queue_full:
        case Errc::transaction_failed: return bad_request(error.text);
        case Errc::store_full:
        case Errc::memory_short:
        case Errc::store_failed:
        case Errc::store_busy:
        case Errc::store_newer:
        case Errc::closed: return refused(503, "service_unavailable", error.text);
    }
    return refused(500, "internal_error", error.text);
}

Answer answer_of(const amqp::Refusal& refusal) {
    const std::string_view words = words_of(refusal.text);
    if (refusal.code == amqp::Code::not_found) return refused(404, "not_found", words);
    if (refusal.code == amqp::Code::access_refused) return not_authorised(words);
    return bad_request(words);
}

}  // namespace rowmq::management

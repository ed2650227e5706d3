#pragma once
// Answers of RabbitMQ's management API: its statuses and its {"error", "reason"}.

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "amqp/errors.hpp"
#include "net/http.hpp"
#include "rowmq/error.hpp"

namespace rowmq::management {

using Answer = net::Response;

Answer json_answer(const boost::json::value& value, unsigned status = 200);
inline Answer done() { return {.status = 204}; }
inline Answer created() { return {.status = 201}; }
/// 201 where something is new, 204 where it was there.
inline Answer stored(bool is_new) { return is_new ? created() : done(); }

Answer refused(unsigned status, std::string_view error, std::string_view reason);
inline Answer bad_request(std::string_view reason) { return refused(400, "bad_request", reason); }
inline Answer not_authorised(std::string_view reason) { return refused(401, "not_authorised", reason); }
inline Answer not_found() { return refused(404, "Object Not Found", "Not Found"); }
Answer answer_of(const Error& error);
/// Of what ends a channel: 400, or 404 with "not_found", 401 where access is refused. Without the code's name.
Answer answer_of(const amqp::Refusal& refusal);

}  // namespace rowmq::management

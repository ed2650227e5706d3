// Messages, one by one: to look at a queue, or to try something. Not a way to work.

#include <fmt/format.h>

#include "amqp/mapping.hpp"
#include "amqp/queue_arguments.hpp"
#include "amqp/table.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "management/management.hpp"
#include "management/tables.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
constexpr std::int64_t most_messages = 10'000;
constexpr std::size_t most_bytes = 16 * 1024 * 1024;  // of bodies in one answer, beyond the first

json::object to_json(const Delivery& delivery, const std::string& queue, amqp::Counts counts, bool as_base64,
                     std::optional<std::int64_t> truncate) {
    const std::string_view body = delivery.message.text();
    const std::string_view shown = truncate && *truncate >= 0 ? body.substr(0, static_cast<std::size_t>(*truncate)) : body;
    const bool text = !as_base64 && is_utf8(shown);
    const amqp::Origin origin = amqp::origin_of(delivery, queue);
    return {{"payload_bytes", body.size()},
            {"redelivered", delivery.redelivered},
            {"exchange", std::string(origin.exchange)},
            {"routing_key", std::string(origin.routing_key)},
            {"message_count", 0},
            {"properties", management::to_json(amqp::properties_of(delivery, counts))},
            {"payload", text ? std::string(shown) : base64_encode(shown)},
            {"payload_encoding", text ? "string" : "base64"}};
}

}  // namespace

awaitable<Answer> Management::get_messages(Call call) {
    const std::string vhost = call.name(0), name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (auto wrong = missing(call.body, {"count", "ackmode", "encoding"})) co_return *std::move(wrong);
    const auto count = number_of(call.body, "count");
    const std::string mode = text_of(call.body, "ackmode").value_or(""), encoding = text_of(call.body, "encoding").value_or("");
    if (!count || *count < 0) co_return bad_request("count is no number");
    if (*count > most_messages) co_return bad_request(fmt::format("at most {} messages are got at once", most_messages));
    const bool requeue = mode == "ack_requeue_true" || mode == "reject_requeue_true";
    if (!requeue && mode != "ack_requeue_false" && mode != "reject_requeue_false")
        co_return bad_request("Unsupported acknowledgement mode: " + mode);
    if (encoding != "auto" && encoding != "base64") co_return bad_request("Unsupported encoding: " + encoding);
    const Result<QueueInfo> queue = broker().queue(name, vhost);
    if (!queue) co_return not_found();
    amqp::Rights rights = this->rights(call, vhost);
    if (const auto refusal = rights.queue(amqp::Right::read, name)) co_return answer_of(*refusal);
    json::array out;
    if (*count == 0) co_return json_answer(out);
    Result<Session> session = broker().open_session(vhost);
    if (!session) co_return answer_of(session.error());
    SubscriptionOptions options;
    options.lease = std::nullopt;  // as long as the session, which ends here
    NextRequest request;
    request.max = static_cast<std::size_t>(*count);
    request.max_bytes = most_bytes;
    request.wait = milliseconds(0);
    const Result<std::vector<Delivery>> got = co_await session->receive(name, request, options);
    if (!got) co_return answer_of(got.error());
    const amqp::Counts counts = amqp::tells_counts(queue->options) ? amqp::Counts::told : amqp::Counts::untold;
    std::vector<Settlement> settlements;
    for (const Delivery& delivery : *got) {
        out.push_back(to_json(delivery, name, counts, encoding == "base64", number_of(call.body, "truncate")));
        Settlement settlement;
        settlement.lease = delivery.lease;
        settlement.verdict = requeue ? Verdict::release : mode == "ack_requeue_false" ? Verdict::done : Verdict::reject;
        if (requeue) settlement.delay = milliseconds(0);
        settlements.push_back(settlement);
    }
    const Result<QueueInfo> left = broker().queue(name, vhost);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i].get_object()["message_count"] = (left ? left->counts.ready : 0) + static_cast<std::int64_t>(out.size() - i - 1);
    const Settled settled = co_await session->settle(std::move(settlements));
    for (const auto& error : settled.results)
        if (error && error->code != Errc::lease_gone) co_return answer_of(*error);
    co_return json_answer(out);
}

awaitable<Answer> Management::purge(Call call) {
    const std::string vhost = call.name(0), name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (!broker().queue(name, vhost)) co_return not_found();
    amqp::Rights rights = this->rights(call, vhost);
    if (const auto refusal = rights.queue(amqp::Right::read, name)) co_return answer_of(*refusal);
    if (service_.exclusive.contains({vhost, name}))
        co_return bad_request("cannot obtain exclusive access to locked " + amqp::queue_text(name, vhost));
    const PurgeScope ready;
    const Result<std::int64_t> purged = co_await broker().purge_queue(name, ready, vhost);
    if (!purged) co_return answer_of(purged.error());
    co_return done();
}

awaitable<Answer> Management::publish(Call call) {
    const std::string vhost = call.name(0), exchange = call.name(1) == "amq.default" ? std::string() : call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (auto wrong = missing(call.body, {"properties", "routing_key", "payload", "payload_encoding"})) co_return *std::move(wrong);
    const auto key = text_of(call.body, "routing_key"), payload = text_of(call.body, "payload");
    const std::string encoding = text_of(call.body, "payload_encoding").value_or("");
    if (!key || !payload) co_return bad_request("routing_key and payload are text");
    if (encoding != "string" && encoding != "base64") co_return bad_request("unsupported_payload_encoding: " + encoding);
    std::optional<std::string> body = encoding == "base64" ? base64_decode(*payload) : payload;
    if (!body) co_return bad_request("the payload is no Base64");
    static const json::object nothing;
    const json::object* given = object_of(call.body, "properties");
    Result<amqp::BasicProperties> properties = properties_of(given ? *given : nothing);
    if (!properties) co_return answer_of(properties.error());
    if (!exchange.empty() && !broker().exchange(exchange, vhost)) co_return not_found();
    amqp::Rights rights = this->rights(call, vhost);
    if (!rights.may_publish(exchange, *key)) co_return answer_of(*rights.publish_refusal(exchange, *key));
    if (service_.internal.contains({vhost, exchange}))
        co_return not_authorised("cannot publish to internal " + amqp::exchange_text(exchange, vhost));
    if (properties->user_id && *properties->user_id != call.user.name)
        co_return bad_request(
            fmt::format("user_id property set to '{}' but authenticated user was '{}'", *properties->user_id, call.user.name));
    auto message = amqp::publish_of(exchange, *key, *std::move(properties), *std::move(body));
    if (!message) co_return answer_of(message.error());
    if (service_.delaying.contains({vhost, exchange}))
        if (const auto delay = amqp::number_of(amqp::find(message->message.properties->headers, "x-delay")); delay && *delay > 0)
            message->delay = milliseconds(*delay);
    Result<Session> session = broker().open_session(vhost);
    if (!session) co_return answer_of(session.error());
    const Result<PublishResult> published = co_await session->publish(*std::move(message));
    if (!published && published.error().code != Errc::no_such_queue) co_return answer_of(published.error());
    co_return json_answer(json::object{{"routed", published && published->queues > 0}});
}

}  // namespace rowmq::management

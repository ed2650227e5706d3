// Health checks: 200 with {"status": "ok"}, or 503 and why.

#include <fmt/chrono.h>

#include "amqp/mapping.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

Answer ok() { return json_answer(json::object{{"status", "ok"}}); }

}  // namespace

awaitable<Answer> Management::alarms(Call) {
    const Alarms now = broker().alarms();
    json::array alarms;
    std::string reason = "There are alarms in effect in the cluster:";
    const auto tell = [&](const std::optional<Error>& alarm, std::string_view resource) {
        if (!alarm) return;
        alarms.push_back(json::object{{"node", settings_.node}, {"resource", resource}});
        reason += " " + alarm->text;
    };
    tell(now.memory, "memory");
    tell(now.disk, "disk");
    if (alarms.empty()) co_return ok();
    co_return json_answer(json::object{{"status", "failed"}, {"reason", reason}, {"alarms", std::move(alarms)}}, 503);
}

awaitable<Answer> Management::alarms_of_node(Call call) {
    if (call.name(0) != settings_.node) co_return not_found();
    Answer answer = co_await alarms(std::move(call));
    co_return answer;
}

awaitable<Answer> Management::healthy(Call) {
    const BrokerHealth health = broker().health();
    if (health.serving) co_return ok();
    co_return json_answer(json::object{{"status", "failed"}, {"reason", health.problem}}, 503);
}

awaitable<Answer> Management::single_node(Call) {
    co_return json_answer(json::object{{"status", "ok"}, {"reason", "single node cluster"}});
}

awaitable<Answer> Management::port_listener(Call call) {
    const auto wanted = number_of(json::object{{"port", call.name(0)}}, "port");
    if (!wanted) co_return bad_request("the port is no number");
    json::array ports;
    for (const json::value& one : listeners_json()) {
        const std::int64_t port = one.get_object().at("port").to_number<std::int64_t>();
        if (port == *wanted) co_return json_answer(json::object{{"status", "ok"}, {"port", port}});
        ports.push_back(port);
    }
    co_return json_answer(
        json::object{{"status", "failed"}, {"reason", "No active listener"}, {"missing", *wanted}, {"ports", std::move(ports)}}, 503);
}

awaitable<Answer> Management::protocol_listener(Call call) {
    std::string wanted = call.name(0);
    if (wanted == "amqp091" || wanted == "amqp0.9.1" || wanted == "amqp0-9-1") wanted = "amqp";
    if (wanted == "amqps" || wanted == "amqp091s") wanted = "amqp/ssl";
    json::array protocols;
    for (const json::value& one : listeners_json()) {
        const std::string_view protocol = one.get_object().at("protocol").get_string();
        if (protocol == wanted) co_return json_answer(json::object{{"status", "ok"}, {"protocol", json::string(protocol)}});
        protocols.push_back(json::string(protocol));
    }
    co_return json_answer(
        json::object{
            {"status", "failed"}, {"reason", "No active listener"}, {"missing", call.name(0)}, {"protocols", std::move(protocols)}},
        503);
}

/// Of all listeners with TLS, which have the same.
awaitable<Answer> Management::certificates(Call call) {
    const std::map<std::string, std::chrono::hours> units{{"days", std::chrono::hours(24)},
                                                          {"weeks", std::chrono::hours(7 * 24)},
                                                          {"months", std::chrono::hours(30 * 24)},
                                                          {"years", std::chrono::hours(365 * 24)}};
    const auto within = number_of(json::object{{"within", call.name(0)}}, "within");
    const auto unit = units.find(call.name(1));
    if (!within || *within < 0 || *within > 1'000) co_return bad_request("Invalid expiration value.");
    if (unit == units.end()) co_return bad_request("Time unit not recognised.");
    const auto expires = settings_.certificate_expires ? settings_.certificate_expires() : std::nullopt;
    if (!expires || std::chrono::system_clock::now() + *within * unit->second < *expires) co_return ok();
    json::array expired;
    for (json::value& one : listeners_json()) {
        json::object& listener = one.get_object();
        const std::string_view protocol = listener.at("protocol").get_string();
        if (protocol != "amqp/ssl" && protocol != "https") continue;
        listener["certfile_expires_on"] = fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(*expires)));
        expired.push_back(std::move(listener));
    }
    if (expired.empty()) co_return ok();
    co_return json_answer(json::object{{"status", "failed"}, {"reason", "Certificates expiring"}, {"expired", std::move(expired)}}, 503);
}

/// Declares a queue, sends a message to it and receives one.
awaitable<Answer> Management::aliveness(Call call) {
    const std::string vhost = call.name(0), queue = "aliveness-test";
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (!broker().queue(queue, vhost)) {
        bool is_new = false;
        auto refusal = co_await make_queue(vhost, queue, json::object(), call.user, is_new);
        if (refusal) co_return *std::move(refusal);
    }
    Result<Session> session = broker().open_session(vhost);
    if (!session) co_return answer_of(session.error());
    Publish message;
    message.routing_key = queue;
    message.message = Message("test_message");
    const Result<PublishResult> published = co_await session->publish(std::move(message));
    if (!published) co_return answer_of(published.error());
    SubscriptionOptions options;
    options.no_lease = true;
    NextRequest request;
    request.wait = std::chrono::seconds(5);
    const Result<std::vector<Delivery>> received = co_await session->receive(queue, request, options);
    if (!received) co_return answer_of(received.error());
    if (received->empty()) co_return json_answer(json::object{{"status", "failed"}, {"reason", "the test message did not come"}}, 503);
    co_return ok();
}

}  // namespace rowmq::management

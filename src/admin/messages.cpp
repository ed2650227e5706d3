// The admin API's messages: send, receive, peek, settle, extend.

#include <fmt/format.h>

#include "admin/fields.hpp"
#include "admin/message_json.hpp"
#include "admin/routes.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

constexpr std::int64_t messages_per_answer = 1'000;

json::object one_result(const std::optional<Error>& error) {
    json::object result;
    if (error) {
        result["error"] = error_json(*error);
    } else {
        result["ok"] = true;
    }
    return result;
}

json::object results_of(const std::vector<std::optional<Error>>& errors) {
    json::array results;
    for (const auto& error : errors) results.push_back(one_result(error));
    json::object answer;
    answer["results"] = std::move(results);
    return answer;
}

awaitable<void> give_back(Session* session, std::vector<Settlement> settlements) {
    co_await session->settle(std::move(settlements), Confirm::admitted);
}

/// What a body carries: the one message it is, or those of "messages".
struct Sending {
    std::vector<Publish> publishes;
    PublishRequest request;
    bool single = false;
};

Result<Sending> read_sending(const json::object& body, const std::string& queue) {
    Sending sending;
    if (!body.contains("messages")) {
        sending.single = true;
        auto publish = read_publish(body, queue);
        if (publish.has_error()) return std::move(publish).error();
        sending.publishes.push_back(std::move(*publish));
        return sending;
    }
    Fields fields(body, "send");
    fields.flag("atomic", sending.request.atomic);
    if (const auto* messages = fields.array("messages")) {
        for (const auto& message : *messages) {
            if (!message.is_object()) {
                fields.fail("send: \"messages\" is not an array of objects");
                break;
            }
            auto publish = read_publish(message.get_object(), queue);
            if (publish.has_error()) return std::move(publish).error();
            sending.publishes.push_back(std::move(*publish));
        }
    }
    if (sending.publishes.empty()) fields.fail("send: \"messages\" is empty");
    if (auto error = fields.error()) return std::move(*error);
    return sending;
}

}  // namespace

awaitable<Response> Admin::send(Call call) {
    // Publishing to a queue that is not there reaches nobody and is no error to the broker; here a queue was named.
    const auto queue = broker_.queue(call.name, call.ns);
    if (queue.has_error()) co_return error_response(queue.error());
    auto sending = read_sending(call.body, call.name);
    if (sending.has_error()) co_return error_response(sending.error());
    const auto session = this->session(call.ns);
    if (session.has_error()) co_return error_response(session.error());

    auto published = co_await (*session)->publish(std::move(sending->publishes), sending->request);
    if (published.has_error()) co_return error_response(published.error());
    json::array results;
    for (auto& result : published->results) {
        if (!result.error && !result.duplicate && result.queues == 0) {
            result.error = Error{Errc::no_such_queue, fmt::format("the queue \"{}\" was deleted meanwhile", call.name)};
        }
        results.push_back(to_json(result));
    }
    if (sending->single) {
        const auto& only = published->results.front();
        if (only.error) co_return error_response(*only.error);
        co_return json_response(results.front());
    }
    json::object answer;
    answer["results"] = std::move(results);
    co_return json_response(answer);
}

awaitable<Response> Admin::publish(Call call) {
    auto sending = read_sending(call.body, text_of(call.request, "routing_key"));
    if (sending.has_error()) co_return error_response(sending.error());
    const auto session = this->session(call.ns);
    if (session.has_error()) co_return error_response(session.error());
    for (Publish& publish : sending->publishes) publish.exchange = call.name;
    const auto published = co_await (*session)->publish(std::move(sending->publishes), sending->request);
    if (published.has_error()) co_return error_response(published.error());
    if (sending->single) {
        const auto& only = published->results.front();
        co_return only.error ? error_response(*only.error) : json_response(to_json(only));
    }
    json::array results;
    for (const auto& result : published->results) results.push_back(to_json(result));
    json::object answer;
    answer["results"] = std::move(results);
    co_return json_response(answer);
}

awaitable<Response> Admin::receive(Call call) {
    NextRequest request;
    Fields fields(call.body, "receive");
    fields.integer("max", request.max);
    fields.duration("wait_ms", request.wait);
    fields.duration("lease_ms", request.lease);
    if (request.max < 1 || request.max > messages_per_answer) {
        fields.fail(fmt::format("receive: \"max\" is not from 1 to {}", messages_per_answer));
    }
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto session = this->session(call.ns);
    if (session.has_error()) co_return error_response(session.error());

    auto subscription = (*session)->subscribe(call.name);
    if (subscription.has_error()) co_return error_response(subscription.error());
    // A client that hung up must not be handed messages, and a server that stops answers who waits.
    if (call.request.on_end) call.request.on_end([waiting = *subscription]() mutable { waiting.close(); });
    const auto received = co_await subscription->next(request);
    subscription->close();
    std::vector<Delivery> deliveries;
    if (received.has_value()) {
        deliveries = *received;
    } else if (received.error().code != Errc::closed || !broker_.health().serving) {
        co_return error_response(received.error());
    }
    json::array messages;
    std::vector<Settlement> back;
    for (const auto& delivery : deliveries) {
        messages.push_back(to_json(delivery));
        back.push_back(Settlement{.lease = delivery.lease, .verdict = Verdict::release, .delay = milliseconds(0)});
    }
    json::object answer;
    answer["messages"] = std::move(messages);
    auto response = json_response(answer);
    if (!back.empty()) {
        response.unsent = [session = *session, back = std::move(back)] { return give_back(session, back); };
    }
    co_return response;
}

awaitable<Response> Admin::peek(Call call) {
    const auto max = number_of(call.request, "max", 20, 1, messages_per_answer);
    if (max.has_error()) co_return error_response(max.error());
    PeekRequest request;
    request.max = static_cast<std::size_t>(*max);
    request.delayed = flag_of(call.request, "delayed");
    if (call.request.query.contains("after")) request.after = text_of(call.request, "after");

    const auto page = co_await broker_.peek(call.name, request, call.ns);
    if (page.has_error()) co_return error_response(page.error());
    json::array messages;
    for (const auto& delivery : page->messages) messages.push_back(peeked_json(delivery));
    json::object answer;
    answer["messages"] = std::move(messages);
    if (page->next) answer["next"] = *page->next;
    co_return json_response(answer);
}

awaitable<Response> Admin::settle(Call call) {
    std::vector<Settlement> settlements;
    Fields fields(call.body, "settle");
    if (const auto* array = fields.array("settlements")) {
        for (const auto& one : *array) {
            if (!one.is_object()) {
                fields.fail("settle: \"settlements\" is not an array of objects");
                break;
            }
            const auto settlement = read_settlement(one.get_object());
            if (settlement.has_error()) co_return error_response(settlement.error());
            settlements.push_back(*settlement);
        }
    }
    if (settlements.empty()) fields.fail("settle: \"settlements\" is empty");
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto queue = broker_.queue(call.name, call.ns);
    if (queue.has_error()) co_return error_response(queue.error());
    for (const auto& settlement : settlements) {
        if (settlement.lease.queue == queue->id) continue;
        co_return error_response(Error{Errc::invalid_argument, fmt::format("a lease is not of the queue \"{}\"", call.name)});
    }
    const auto session = this->session(call.ns);
    if (session.has_error()) co_return error_response(session.error());

    const auto settled = co_await (*session)->settle(std::move(settlements), Confirm::committed);
    co_return json_response(results_of(settled.results));
}

awaitable<Response> Admin::extend(Call call) {
    std::vector<Lease> leases;
    milliseconds lease{0};
    Fields fields(call.body, "extend");
    fields.duration("lease_ms", lease);
    if (const auto* array = fields.array("leases")) {
        for (const auto& one : *array) {
            const auto parsed = one.is_string() ? lease_of(one.get_string()) : lease_of("");
            if (parsed.has_error()) co_return error_response(parsed.error());
            leases.push_back(*parsed);
        }
    }
    if (leases.empty()) fields.fail("extend: \"leases\" is empty");
    if (const auto error = fields.error()) co_return error_response(*error);
    const auto session = this->session(call.ns);
    if (session.has_error()) co_return error_response(session.error());

    co_return json_response(results_of((*session)->extend(leases, lease)));
}

}  // namespace rowmq::admin

#include "test/simulation/sqs/client.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <numeric>

namespace rowmq::sqs_simulation {
namespace {

namespace json = boost::json;

std::string post(std::string_view action, const std::string& body) {
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: localhost:9324\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{}\r\n"
        "Content-Length: {}\r\n\r\n{}",
        action, body.size(), body);
}

std::string url(const std::string& queue) { return "\"QueueUrl\":\"http://localhost:9324/000000000000/" + queue + '"'; }

std::string fields_of(const Sent& s) {
    auto text = fmt::format("\"MessageBody\":\"{}\"", body_of(s));
    if (!s.group.empty()) text += fmt::format(",\"MessageGroupId\":\"{}\"", s.group);
    if (!s.deduplication.empty()) text += fmt::format(",\"MessageDeduplicationId\":\"{}\"", s.deduplication);
    if (s.delay >= 0) text += fmt::format(",\"DelaySeconds\":{}", s.delay);
    return text;
}

std::string send_request(const Step& step, const std::string& queue) {
    if (step.sent.size() == 1) return post("SendMessage", fmt::format("{{{},{}}}", url(queue), fields_of(step.sent.front())));
    std::string entries;
    for (std::size_t i = 0; i < step.sent.size(); ++i)
        entries += fmt::format("{}{{\"Id\":\"e{}\",{}}}", i > 0 ? "," : "", i, fields_of(step.sent[i]));
    return post("SendMessageBatch", fmt::format("{{{},\"Entries\":[{}]}}", url(queue), entries));
}

std::string receive_request(const Step& step, const std::string& queue) {
    auto body =
        fmt::format("{{{},\"MaxNumberOfMessages\":{},\"WaitTimeSeconds\":{},\"AttributeNames\":[\"All\"]", url(queue), step.max, step.wait);
    if (step.visibility >= 0) body += fmt::format(",\"VisibilityTimeout\":{}", step.visibility);
    return post("ReceiveMessage", body + "}");
}

std::string handles_request(const Step& step, const std::string& queue, const std::vector<std::string>& handles) {
    const bool changes = step.verb == Verb::change;
    const auto fields = [&](const std::string& handle) {
        auto text = fmt::format("\"ReceiptHandle\":\"{}\"", handle);
        if (changes) text += fmt::format(",\"VisibilityTimeout\":{}", step.visibility);
        return text;
    };
    const std::string action = changes ? "ChangeMessageVisibility" : "DeleteMessage";
    if (handles.size() == 1) return post(action, fmt::format("{{{},{}}}", url(queue), fields(handles.front())));
    std::string entries;
    for (std::size_t i = 0; i < handles.size(); ++i)
        entries += fmt::format("{}{{\"Id\":\"e{}\",{}}}", i > 0 ? "," : "", i, fields(handles[i]));
    return post(action + "Batch", fmt::format("{{{},\"Entries\":[{}]}}", url(queue), entries));
}

/// Mistakes that must be refused and change nothing.
std::string wrong_request(const Step& step, const std::string& queue) {
    switch (step.kind) {
        case 0: return post("SendMessage", fmt::format("{{{},\"MessageBody\":\"m0:\",\"DelaySeconds\":901}}", url(queue)));
        case 1: return post("ReceiveMessage", fmt::format("{{{},\"MaxNumberOfMessages\":11}}", url(queue)));
        case 2: return post("DeleteMessage", fmt::format("{{{},\"ReceiptHandle\":\"AAAAAAAAAAAAAAAAAAAAAAAA\"}}", url(queue)));
        case 3: return post("ReceiveMessage", fmt::format("{{{}}}", url("nothing")));
        default: return post("SendMessage", fmt::format("{{{},\"MessageBody\":\"\"}}", url(queue)));
    }
}

std::string text_at(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

/// 503 leaves open what happened; every other error says that nothing did.
Result failure(unsigned status, std::string code) {
    if (const auto hash = code.find('#'); hash != std::string::npos) code = code.substr(hash + 1);
    return {.kind = status == 503 || code == "ServiceUnavailable" ? Result::Kind::unknown : Result::Kind::refused, .code = std::move(code)};
}

Received received(const json::object& m) {
    Received r{.body = text_at(m, "Body"), .id = text_at(m, "MessageId"), .handle = text_at(m, "ReceiptHandle")};
    if (r.body.starts_with('m')) r.number = std::strtoull(r.body.c_str() + 1, nullptr, 10);
    const auto& attributes = m.at("Attributes").as_object();
    r.receives = std::atoi(text_at(attributes, "ApproximateReceiveCount").c_str());
    r.group = text_at(attributes, "MessageGroupId");
    r.sequence = text_at(attributes, "SequenceNumber");
    return r;
}

std::size_t entries_of(const Step& step) { return std::max<std::size_t>({1, step.sent.size(), step.picks.size()}); }

void batch_results(const json::object& body, Reply& reply) {
    const auto index_of = [&](const json::object& entry) { return static_cast<std::size_t>(std::atoi(text_at(entry, "Id").c_str() + 1)); };
    if (const auto* all = body.if_contains("Successful"))
        for (const auto& one : all->as_array()) {
            const auto& entry = one.as_object();
            reply.results.at(index_of(entry)) = {
                .kind = Result::Kind::ok, .code = {}, .id = text_at(entry, "MessageId"), .sequence = text_at(entry, "SequenceNumber")};
        }
    if (const auto* all = body.if_contains("Failed"))
        for (const auto& one : all->as_array())
            reply.results.at(index_of(one.as_object())) = failure(400, text_at(one.as_object(), "Code"));
}

void show(Reply& reply) {
    for (const auto& r : reply.results)
        reply.shown += r.kind == Result::Kind::ok ? " ok" : r.kind == Result::Kind::unknown ? " unknown" : " " + r.code;
    for (const auto& r : reply.received)
        reply.shown += fmt::format(" [m{}{}{} r={}]", r.number, r.group.empty() ? "" : "/", r.group, r.receives);
    if (reply.counts)
        reply.shown += fmt::format(" ready={} hidden={} delayed={}", reply.counts->ready, reply.counts->hidden, reply.counts->delayed);
}

}  // namespace

std::string create_request(const QueuePlan& q, const Plan& plan) {
    auto text = fmt::format("\"VisibilityTimeout\":\"{}\",\"DelaySeconds\":\"{}\",\"MessageRetentionPeriod\":\"{}\"", q.visibility / 1'000,
                            q.delay / 1'000, q.retention / 1'000);
    if (q.fifo) text += ",\"FifoQueue\":\"true\"";
    if (q.content_based) text += ",\"ContentBasedDeduplication\":\"true\"";
    if (q.per_group) text += ",\"DeduplicationScope\":\"messageGroup\"";
    if (!q.strict.empty()) text += fmt::format(",\"RowMQ.StrictCounting\":\"{}\"", q.strict);
    if (q.receives > 0)
        text += fmt::format(
            R"(,"RedrivePolicy":"{{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:{}\",\"maxReceiveCount\":{}}}")",
            plan.queues[q.dead].name, q.receives);
    return post("CreateQueue", fmt::format("{{\"QueueName\":\"{}\",\"Attributes\":{{{}}}}}", q.name, text));
}

std::string request_of(const Step& step, const Plan& plan, const std::vector<std::string>& handles) {
    const auto& queue = plan.queues[step.queue].name;
    switch (step.verb) {
        case Verb::send: return send_request(step, queue);
        case Verb::receive: return receive_request(step, queue);
        case Verb::remove:
        case Verb::change: return handles_request(step, queue, handles);
        case Verb::purge: return post("PurgeQueue", "{" + url(queue) + "}");
        case Verb::remake: return post("DeleteQueue", "{" + url(queue) + "}");
        case Verb::alter:
            return post("SetQueueAttributes",
                        fmt::format("{{{},\"Attributes\":{{\"VisibilityTimeout\":\"{}\"}}}}", url(queue), step.visibility));
        case Verb::wrong: return wrong_request(step, queue);
        default: return post("GetQueueAttributes", fmt::format("{{{},\"AttributeNames\":[\"All\"]}}", url(queue)));
    }
}

Reply reply_of(const Step& step, unsigned status, std::string_view body) {
    Reply reply;
    reply.results.resize(entries_of(step));
    const auto value = body.empty() ? json::value(json::object()) : json::parse({body.data(), body.size()});
    const auto& object = value.as_object();
    if (status != 200) {
        for (auto& result : reply.results) result = failure(status, text_at(object, "__type"));
    } else if (reply.results.size() > 1) {
        batch_results(object, reply);
    } else {
        reply.results.front() = {
            .kind = Result::Kind::ok, .code = {}, .id = text_at(object, "MessageId"), .sequence = text_at(object, "SequenceNumber")};
        if (const auto* messages = object.if_contains("Messages"))
            for (const auto& m : messages->as_array()) reply.received.push_back(received(m.as_object()));
        if (step.verb == Verb::counts) {
            const auto& a = object.at("Attributes").as_object();
            const auto number = [&](std::string_view key) { return std::atoll(text_at(a, key).c_str()); };
            reply.counts = {number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible"),
                            number("ApproximateNumberOfMessagesDelayed")};
        }
    }
    show(reply);
    return reply;
}

Reply no_reply(const Step& step) {
    Reply reply;
    reply.results.resize(entries_of(step));
    reply.shown = " no answer";
    return reply;
}

namespace {

/// Whether the sequence numbers they were answered with say that `x` was stored after `y`.
bool surely_after(const Ended& x, const Ended& y) {
    if (x.step->verb != Verb::send || y.step->verb != Verb::send || x.step->queue != y.step->queue) return false;
    std::set<std::string> of_x, of_y;  // as long as each other: in the order of numbers
    for (const auto& result : x.reply.results) of_x.insert(result.sequence);
    for (const auto& result : y.reply.results) of_y.insert(result.sequence);
    return !of_x.begin()->empty() && !of_y.begin()->empty() && *of_x.begin() > *of_y.rbegin();
}

bool is_possible(const std::vector<std::size_t>& order, const std::vector<Ended>& together) {
    for (std::size_t i = 0; i < order.size(); ++i)
        for (std::size_t later = i + 1; later < order.size(); ++later)
            if (surely_after(together[order[i]], together[order[later]])) return false;
    return true;
}

}  // namespace

std::vector<std::vector<std::size_t>> orders_of(const std::vector<Ended>& together) {
    // Many at once: as they were answered; what was sent first, then the rest; receives last, or those in vain last.
    std::vector<std::size_t> order(together.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<std::vector<std::size_t>> orders{order};
    if (together.size() <= 4) {
        while (std::next_permutation(order.begin(), order.end())) orders.push_back(order);
        std::erase_if(orders, [&](const auto& one) { return !is_possible(one, together); });
    } else {
        std::stable_partition(order.begin(), order.end(), [&](auto i) { return together[i].step->verb == Verb::send; });
        orders.push_back(order);
        std::stable_partition(order.begin(), order.end(), [&](auto i) { return together[i].reply.received.empty(); });
        orders.push_back(order);
        std::stable_partition(order.begin(), order.end(),
                              [&](auto i) { return together[i].step->verb == Verb::receive && together[i].reply.received.empty(); });
        orders.push_back(order);
        std::stable_partition(order.begin(), order.end(),
                              [&](auto i) { return together[i].step->verb != Verb::receive || !together[i].reply.received.empty(); });
        orders.push_back(order);
    }
    return orders;
}

}  // namespace rowmq::sqs_simulation

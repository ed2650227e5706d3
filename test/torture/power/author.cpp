#include "test/torture/power/author.hpp"

#include <boost/asio/co_spawn.hpp>
#include <stdexcept>

namespace rowmq::torture {

void Ledger::add(Owed owed) {
    texts.push_back(text_of(owed));
    states.push_back(std::move(owed));
}

void expect(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error("the history does not go as it should: " + what);
}

Publish to(const std::string& queue, const std::string& body) {
    Properties properties;
    properties.type = "type of " + body.substr(0, 8);
    return {.routing_key = queue, .message = Message(body, std::move(properties))};
}

std::string label_of(const Delivery& delivery) {
    return label_of(delivery.message.text(), delivery.message.properties ? delivery.message.properties->type : "");
}

std::string Author::body(const std::string& name) {
    static constexpr std::size_t sizes[] = {0, 40, 300, 900, 2'500, 7'000};
    const auto most = sizes[any(8) ? any(5) : 5];
    return name + std::string(most ? any(most) : 0, static_cast<char>('a' + any(26)));
}

void Author::step(const std::function<void()>& act, const std::function<void(Owed&)>& effect) {
    auto next = ledger_.states.back();
    effect(next);
    ledger_.add(std::move(next));
    const auto number = static_cast<std::int64_t>(ledger_.states.size()) - 1;
    disk_.submitted(number);
    act();
    running_.poll();
    disk_.answered(number);
}

void Author::declare(const std::string& queue, const QueueOptions& options) {
    step([&] { running_.run(running_.broker->declare_queue(queue, options)).value(); },
         [&](Owed& owed) {
             auto& q = owed.queues[queue];
             q.fifo = options.kind == QueueKind::fifo;
             q.strict = options.max_receives > 0;
         });
}

void Author::owe(Owed& owed, const Publish& message) {
    std::vector<std::string> queues{message.routing_key};
    if (!message.exchange.empty()) {
        queues.clear();
        for (const auto& binding : owed.bindings)
            if (binding.starts_with(message.exchange + ">"))
                queues.push_back(binding.substr(message.exchange.size() + 1, binding.find(':') - message.exchange.size() - 1));
    }
    for (const auto& queue : queues)
        owed.put(queue, {.label = label_of(message.message.text(), message.message.properties ? message.message.properties->type : ""),
                         .group = message.group,
                         .delayed = message.delay && message.delay->count() > 0});
    if (!message.deduplication_id.empty()) owed.remembered.insert(message.deduplication_id);
}

void Author::publish(const std::vector<Publish>& messages) {
    const PublishRequest request{.atomic = true};
    step(
        [&] {
            for (const auto& r : running_.run(running_.session.publish(messages, request)).value().results)
                expect(!r.error && !r.duplicate, r.error ? r.error->text : "a duplicate");
        },
        [&](Owed& owed) {
            for (const auto& message : messages) owe(owed, message);
        });
}

void Author::publish_together(const std::vector<Publish>& messages) {
    const auto base = static_cast<std::int64_t>(ledger_.states.size()) - 1;
    std::int64_t submitted = base, answered = base;
    for (const auto& message : messages) {
        auto next = ledger_.states.back();
        owe(next, message);
        ledger_.add(std::move(next));
        disk_.submitted(++submitted);
        boost::asio::co_spawn(running_.io, running_.session.publish(message), [&](std::exception_ptr thrown, Result<PublishResult> result) {
            if (thrown) std::rethrow_exception(thrown);
            expect(result.has_value(), result ? "" : result.error().text);
            disk_.answered(++answered);
        });
    }
    running_.poll();
    expect(answered == submitted, "a publisher was not answered");
}

namespace {

boost::asio::awaitable<void> consume(Session& consumer, Subscription& waits, bool acknowledges) {
    const NextRequest next{.max = 1, .wait = std::chrono::hours(1)};
    const auto got = co_await waits.next(next);
    expect(got && got->size() == 1, "a consumer got nothing");
    if (!acknowledges) co_return;
    std::vector<Settlement> settlements{{.lease = got->front().lease}};
    const Settled settled = co_await consumer.settle(std::move(settlements), Confirm::admitted);
    expect(!settled.results[0], "an acknowledgement");
}

void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

void Author::publish_early(const Publish& message, Session& consumer, Subscription& waits, bool acknowledges) {
    auto number = static_cast<std::int64_t>(ledger_.states.size()) - 1;
    const auto promise = [&](const std::function<void(Owed&)>& effect) {
        auto next = ledger_.states.back();
        effect(next);
        ledger_.add(std::move(next));
        disk_.submitted(++number);
    };
    boost::asio::co_spawn(running_.io, consume(consumer, waits, acknowledges), rethrow);
    running_.poll();
    running_.io.restart();
    for (int i = 0; i < 2; ++i) {
        const auto busy = to("busy", body("busy" + std::to_string(number)));
        promise([&](Owed& owed) { owe(owed, busy); });
        boost::asio::co_spawn(running_.io, running_.session.publish(busy), [](std::exception_ptr thrown, const auto&) { rethrow(thrown); });
        for (int turns = 0; turns < 3; ++turns) running_.io.poll_one();
    }
    promise([&](Owed& owed) { owe(owed, message); });
    if (acknowledges)
        promise([&](Owed& owed) {
            owed.end(message.routing_key, label_of(message.message.text(), message.message.properties->type), &OwedQueue::done);
        });
    PublishRequest request;
    request.confirm = Confirm::admitted;
    request.early = true;
    boost::asio::co_spawn(running_.io, running_.session.publish({message}, request),
                          [](std::exception_ptr thrown, const auto&) { rethrow(thrown); });
    running_.poll();
    disk_.answered(number);
}

std::vector<Delivery> Author::receive(const std::string& queue, std::size_t max) {
    const NextRequest next{.max = max, .wait = milliseconds(0)};
    std::vector<Delivery> got;
    const bool strict = ledger_.states.back().queues[queue].strict;
    if (!strict) return running_.run(running_.session.receive(queue, next)).value();
    // Where counting is strict a receive is a commit: which messages it counts is known only afterwards.
    const auto number = static_cast<std::int64_t>(ledger_.states.size());
    disk_.submitted(number);
    got = running_.run(running_.session.receive(queue, next)).value();
    auto counted = ledger_.states.back();
    for (const auto& d : got)
        if (auto* message = counted.find(queue, label_of(d))) message->receives = d.receives;
    ledger_.add(std::move(counted));
    running_.poll();
    disk_.answered(number);
    return got;
}

void Author::done(const std::string& queue, const std::vector<Delivery>& deliveries) {
    std::vector<Settlement> settlements;
    for (const auto& d : deliveries) settlements.push_back({.lease = d.lease});
    step(
        [&] {
            for (const auto& refused : running_.run(running_.session.settle(settlements)).results)
                expect(!refused, refused ? refused->text : "");
        },
        [&](Owed& owed) {
            for (const auto& d : deliveries) owed.end(queue, label_of(d), &OwedQueue::done);
        });
}

}  // namespace rowmq::torture

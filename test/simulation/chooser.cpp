#include "test/simulation/chooser.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace rowmq::simulation {

using namespace std::chrono_literals;

Chooser::Chooser(std::uint64_t seed) : random_(seed ^ 0x5eed) {
    const DeadLetter dead{.exchange = "", .routing_key = "dead"};
    queues_ = {
        {"standard", {.lease = 10s}},
        {"backoff",
         {.lease = 5s, .backoff = {.initial = 1s, .multiplier = 2, .max = 20s, .jitter = chance(2) ? 0.0 : 0.2, .on_expiry = chance(2)}}},
        {"retry", {.lease = 5s, .max_receives = 1 + static_cast<std::uint32_t>(below(4)), .dead_letter = dead}},
        {"fifo", {.kind = QueueKind::fifo, .lease = 5s, .deduplication = {.enabled = true, .window = 60s}}},
        {"lines",
         {.kind = QueueKind::fifo,
          .lease = 10s,
          .max_receives = 3,
          .dead_letter = dead,
          .deduplication = {.enabled = true, .content_based = true, .scope = Deduplication::Scope::group, .window = 5min}}},
        {"priority", {.lease = 10s, .max_priority = 5}},
        {"later", {.lease = 5s, .delay = 7s, .strict_counting = true}},
        {"stale", {.lease = 10s, .ttl = 20s}},
        {"outdated", {.lease = 10s, .ttl = 15s, .dead_letter = dead}},
        {"small", {.lease = 10s, .max_length = 5, .overflow = Overflow::drop_oldest}},
        {"full", {.lease = 10s, .max_message_bytes = 256, .max_length = 5, .overflow = Overflow::reject}},
        {"dead", {.lease = 10s}},
        {"swift", {.lease = 10s}},
    };
    //          publish receive wait settle extend commit advance purge redrive peek cancel close restart
    weights_ = {60, 60, 8, 60, 8, 12, 40, 2, 3, 3, 6, 2, 2};
    for (auto& weight : weights_) {
        if (chance(4)) weight *= 3;
        if (chance(8)) weight = (weight + 3) / 4;
    }
    early_ = is_early(seed);
    if (early_) weights_[static_cast<std::size_t>(Action::wait)] *= 5;
}

milliseconds Chooser::some_time() {
    static const std::vector<milliseconds> times{0ms, 1ms,    10ms, 500ms, 999ms, 1s,  1001ms, 3s,   4999ms,
                                                 5s,  5001ms, 7s,   10s,   15s,   30s, 60s,    300s, 3600s};
    const auto which = std::min(below(times.size()), below(times.size()));  // short ones more often
    return times[which];
}

Publish Chooser::some_publish() {
    const bool fan = chance(8);
    const auto& queue = some_queue();
    auto body = "m" + std::to_string(++bodies_);
    if (chance(10)) body += std::string(below(queue.options.max_message_bytes < 1000 ? 400 : 3000), 'x');
    if (queue.options.deduplication.content_based && chance(4)) body = "again" + std::to_string(below(6));
    Publish p{.message = Message(body)};
    if (fan) {
        p.exchange = fanout();
        return p;
    }
    if (early_ && chance(4)) {
        p.routing_key = "swift";
        p.transient = chance(2);
        return p;
    }
    p.routing_key = queue.name;
    const bool fifo = queue.options.kind == QueueKind::fifo;
    if (fifo || chance(10)) p.group = "g" + std::to_string(below(4));
    if (fifo && chance(50)) p.group.clear();
    if (queue.options.deduplication.enabled && chance(2)) p.deduplication_id = "d" + std::to_string(below(12));
    if (queue.options.max_priority) p.priority = static_cast<std::uint8_t>(below(8));
    if (!fifo && !queue.options.max_length && chance(6)) p.delay = some_time();
    if (chance(12)) p.ttl = 1ms + some_time();
    return p;
}

Lease Chooser::some_lease() {
    const auto back = chance(5) ? below(leases_.size()) : below(std::min<std::size_t>(leases_.size(), 8));
    return leases_[leases_.size() - 1 - back];
}

Settlement Chooser::some_settlement() {
    Settlement s{.lease = some_lease()};
    const auto kind = below(10);
    if (kind < 6) return s;
    s.verdict = kind < 9 ? Verdict::release : Verdict::reject;
    if (s.verdict == Verdict::release && chance(2)) s.delay = some_time();
    return s;
}

SubscriptionOptions Chooser::some_subscription() {
    SubscriptionOptions options;
    const auto kind = below(10);
    if (kind == 0) options.no_lease = true;
    if (kind == 1 || kind == 2) options.lease.reset();
    if (kind == 3) options.lease = 1ms + some_time();
    return options;
}

Operation Chooser::next(const Model& model) {
    Operation o;
    auto ticket = below(std::accumulate(weights_.begin(), weights_.end(), std::size_t{0}));
    std::size_t action = 0;
    while (ticket >= weights_[action]) ticket -= weights_[action++];
    o.action = static_cast<Action>(action);
    o.session = below(sessions);
    const bool needs_lease = o.action == Action::settle || o.action == Action::extend;
    if (needs_lease && leases_.empty()) o.action = Action::receive;
    switch (o.action) {
        case Action::publish: {
            const auto count = chance(3) ? 1 + below(6) : 1;
            bool full_once = false;  // how many a call may bring beyond the limit is not what is looked at here
            for (std::size_t i = 0; i < count; ++i) {
                auto publish = some_publish();
                if (publish.routing_key == "full" && std::exchange(full_once, true)) publish.routing_key = "small";
                o.publishes.push_back(std::move(publish));
            }
            o.together = count > 1 && chance(3);
            o.atomic = count == 1 && chance(4);
            // Whether something is a repetition would be known too late.
            const bool deduplicates = std::any_of(o.publishes.begin(), o.publishes.end(),
                                                  [](const Publish& p) { return p.routing_key == "fifo" || p.routing_key == "lines"; });
            o.early = early_ && !o.atomic && !deduplicates && !chance(6);
            break;
        }
        case Action::receive:
            o.queue = some_queue().name;
            o.next = {.max = chance(3) ? 1 + below(10) : 1, .wait = 0ms};
            o.subscription = some_subscription();
            break;
        case Action::wait:
            do o.queue = some_queue().name;
            while (o.queue == "small");  // what was dropped for length would not be seen before the wait took something
            o.next = {.max = 1 + below(3), .wait = 1ms + some_time()};
            o.subscription = some_subscription();
            if (early_ && !chance(4)) {  // several wait there, and it is mostly empty
                o.queue = "swift";
                o.next.wait = 60s + some_time();
                o.subscription.no_lease = chance(3);
            }
            o.subscription.early = early_ && (o.queue == "swift" ? !chance(40) : chance(2));
            if (early_ && !o.subscription.no_lease && !chance(5)) o.at_once = Verdict::done;
            break;
        case Action::settle:
            for (std::size_t i = 1 + below(4); i > 0; --i) {
                auto settlement = some_settlement();
                const bool named =
                    std::any_of(o.settlements.begin(), o.settlements.end(), [&](const auto& s) { return s.lease == settlement.lease; });
                if (!named) o.settlements.push_back(settlement);
            }
            break;
        case Action::extend:
            o.leases.push_back(some_lease());
            o.by = chance(4) ? 0ms : some_time();
            break;
        case Action::commit:
            for (std::size_t i = below(4); i > 0; --i) {
                auto publish = some_publish();
                if (publish.exchange.empty() &&
                    (publish.routing_key == "fifo" || publish.routing_key == "lines" || publish.routing_key == "full"))
                    publish.routing_key = "standard";
                o.publishes.push_back(publish);
            }
            if (!leases_.empty()) o.settlements.push_back(some_settlement());
            if (!o.settlements.empty() && o.settlements.front().verdict == Verdict::reject) o.settlements.front().verdict = Verdict::done;
            break;
        case Action::advance: o.by = some_time(); break;
        case Action::purge:
            o.queue = some_queue().name;
            o.scope = {.leased = true, .delayed = true};
            if (model.uncertain(o.queue)) o.action = Action::peek;
            break;
        case Action::redrive:
            o.queue = "dead";
            o.destination = chance(2) ? "standard" : "backoff";
            if (model.all_from_elsewhere(o.queue) && chance(2)) o.destination.reset();
            break;
        case Action::peek: break;
        case Action::cancel_delayed: {
            const auto places = model.delayed();
            if (places.empty()) {
                o.action = Action::peek;
                break;
            }
            const auto& place = one_of(places);
            o.queue = place.queue;
            o.message = chance(10) ? MessageId{value_of(place.message) - 1} : place.message;
            break;
        }
        case Action::close_session: break;
        case Action::restart: o.graceful = chance(2); break;
    }
    return o;
}

void Chooser::learn(const Observation& seen) {
    auto keep = [&](const std::vector<Delivery>& deliveries) {
        for (const auto& d : deliveries) leases_.push_back(d.lease);
    };
    keep(seen.deliveries);
    for (const auto& woken : seen.woken) keep(woken.deliveries);
    while (leases_.size() > 200) leases_.pop_front();
}

}  // namespace rowmq::simulation

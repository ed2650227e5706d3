#pragma once
// A slow store's broker with a consumer that takes messages early, and a publisher that lets it.

#include "broker/slow_store_bed.hpp"

namespace rowmq::test {

class EarlyBed : public SlowStoreBed {
protected:
    void consume(std::string_view queue) { subscription = session.subscribe(queue, options()).value(); }
    static SubscriptionOptions options() {
        SubscriptionOptions o;
        o.lease = std::nullopt;
        o.early = true;
        return o;
    }
    auto begin_next(std::size_t max = 10) { return begin(subscription.next({.max = max, .max_bytes = 0, .wait = 1h, .lease = {}})); }
    /// Somebody waits for messages of a queue "q", and no commit returns from now on.
    auto begin_next_of_q_with_a_shut_store(std::size_t max = 10) {
        declare("q");
        consume("q");
        auto next = begin_next(max);
        doors->commits.shut();
        return next;
    }
    /// Returns before the commit.
    Receipt publish_early(Publish p) {
        PublishRequest request;
        request.confirm = Confirm::admitted;
        request.early = true;
        request.news = news;
        std::vector<Publish> one;
        one.push_back(std::move(p));
        return begin(session.publish(std::move(one), request))->value().value();
    }
    Receipt publish_early(std::string queue, std::string body) {
        Publish p;
        p.routing_key = std::move(queue);
        p.message = Message(std::move(body));
        return publish_early(std::move(p));
    }
    auto begin_committed(const Receipt& receipt) { return begin(broker->committed(receipt.ticket, news)); }
    /// As many commits as may be are under way, and wait: what comes now gathers behind them.
    void keep_store_busy() {
        declare("other");
        doors->commits.shut();
        for (int i = 0; i < 2; ++i) begin_publish("other", "x");
    }
    Settled acknowledge(const Delivery& d, Verdict verdict = Verdict::done) {
        std::vector<Settlement> one{{.lease = d.lease, .verdict = verdict, .delay = {}, .while_held = false}};
        return begin(session.settle(std::move(one), Confirm::admitted))->value();
    }
    template <typename T>
    static std::vector<Delivery> got(const T& answer) {
        return answer->has_value() && answer->value() ? answer->value().value() : std::vector<Delivery>{};
    }
    bool is_given_early(const Publish& p) {
        doors->commits.shut();
        const auto next = begin_next();
        publish_early(p);
        const bool early = next->has_value();
        open(doors->commits);
        return early;
    }
    bool is_given_early(std::string queue) {
        consume(queue);
        Publish p;
        p.routing_key = std::move(queue);
        p.message = Message("a");
        p.group = "g";
        return is_given_early(p);
    }

    Subscription subscription;
    std::shared_ptr<EarlyNews> news = std::make_shared<EarlyNews>();
};

}  // namespace rowmq::test

#include "sns/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sns/names.hpp"

namespace rowmq::sns {
namespace {

Refusal not_an_arn(std::string_view parameter, std::string_view text) {
    return invalid(parameter, fmt::format("An ARN must have at least 6 elements, not {}", std::ranges::count(text, ':') + 1));
}

}  // namespace

const PublishResult* Recent::find(const Key& key, MonotonicTime now) {
    while (!order_.empty() && (now - order_.front().first >= window || order_.size() > kept)) {
        known_.erase(order_.front().second);
        order_.pop_front();
    }
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
}

void Recent::add(Key key, const PublishResult& result, MonotonicTime now) {
    if (!known_.emplace(key, result).second) return;
    order_.emplace_back(now, std::move(key));
}

Service::Service(Broker& b, Clock& c, Random& r, aws::Place p, aws::Notifications& n, aws::Signer* s, net::HttpClientOptions outbound)
    : broker(b),
      clock(c),
      random(r),
      place(std::move(p)),
      notifications(n),
      signer(s),
      seal(broker.health().store_id),
      directory(b),
      deliveries(b, place, n, std::move(outbound)) {}

Answer<ExchangeInfo> Service::topic(const Text& arn, std::string_view parameter) const {
    if (!arn) return invalid(parameter);
    const auto parts = parse_arn(*arn);
    if (!parts) return not_an_arn(parameter, *arn);
    // A name of another region is not a name here, even where the rest is the same: what is meant might be deleted.
    if (parts->service != "sns" || parts->region != place.region) return invalid(parameter);
    const auto name = topic_of_arn(*arn, place);
    if (!name) return no_such_topic();
    auto found = broker.exchange(*name);
    if (!found) return no_such_topic();
    return *std::move(found);
}

Answer<Subscription> Service::subscription(const Text& arn) const {
    if (!arn || arn->empty()) return invalid("SubscriptionArn", "no value for required parameter");
    const auto parts = parse_arn(*arn);
    if (!parts) return not_an_arn("SubscriptionArn", *arn);
    if (parts->service == "sns" && parts->resource.find(':') == std::string_view::npos) return invalid("SubscriptionId");
    const auto name = subscription_of_arn(*arn, place);
    if (!name) return no_such_subscription();
    auto found = find_subscription(broker, name->topic, name->id);
    if (!found || found->ended) return no_such_subscription();
    return *std::move(found);
}

Answer<Session*> Service::session() {
    if (!publisher) {
        auto opened = broker.open_session();
        if (!opened) return refusal_of(opened.error());
        publisher = *std::move(opened);
    }
    return &publisher;
}

}  // namespace rowmq::sns

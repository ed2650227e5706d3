// An attribute's name, a line feed, and any bytes as its value: set on a topic and on subscriptions, or refused, within the law
// of memory; a delivery policy that was taken gives delays in its bounds. Also as ARNs and as where a listing goes on.
#include <cstdlib>

#include "sns/names.hpp"
#include "sns/page_token.hpp"
#include "sns/retry.hpp"
#include "sns/subscription.hpp"
#include "sns/topic.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

using namespace rowmq;
using namespace rowmq::sns;
using sns::Subscription;  // not the broker's

void check_delays(const DeliveryPolicy& policy) {
    const auto& retry = policy.retry;
    for (std::uint32_t n = 1; n <= retry.retries; ++n) {
        const auto delay = retry.delay(n);
        if (!delay || *delay > retry.max || (*delay<retry.min&& * delay> std::chrono::milliseconds(0))) std::abort();
    }
    if (retry.delay(retry.retries + 1)) std::abort();
}

void set_on_topic(const std::string& topic, const std::string& name, const std::string& value) {
    ExchangeOptions options;
    {
        const fuzz::Allocations law(name.size() + value.size());
        if (set_attribute(options, topic, name, value, true)) return;
    }
    const std::string policy = attribute(options, "DeliveryPolicy");
    if (policy.empty()) return;
    const auto effective = effective_policy(policy, "");
    check_delays(effective);
    if (check_delivery_policy(to_json(effective, PolicyOf::topic), PolicyOf::topic)) std::abort();
}

void set_on_subscription(const char* protocol, const char* scope, const std::string& name, const std::string& value) {
    Subscription s;
    s.topic = "t";
    s.id = "i";
    s.protocol = protocol;
    s.attributes["FilterPolicyScope"] = scope;
    {
        const fuzz::Allocations law(name.size() + value.size());
        if (set_attribute(s, name, value)) return;
        static_cast<void>(dead_letter_arn(s));
    }
    const Binding kept = binding_of(s);
    const auto again =
        subscription_of({.exchange = kept.exchange, .queue = kept.queue, .routing_key = kept.routing_key, .options = kept.options});
    if (!again || again->attributes != s.attributes) std::abort();
    if (const std::string policy = s.attribute("DeliveryPolicy"); !policy.empty()) check_delays(effective_policy("", policy));
}

void read_names(const std::string& text) {
    static const aws::Place place;
    if (const auto topic = topic_of_arn(text, place); topic && topic_of_arn(topic_arn(*topic, place), place) != topic) std::abort();
    if (const auto name = subscription_of_arn(text, place)) {
        const auto again = subscription_of_arn(subscription_arn(name->topic, name->id, place), place);
        if (!again || again->topic != name->topic || again->id != name->id) std::abort();
    }
    static_cast<void>(queue_of_arn(text, place));
    if (after_token(page_token(text)) != text) std::abort();
    static_cast<void>(after_token(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto end = std::min(text.find('\n'), text.size());
    const std::string name = text.substr(0, end), value = text.substr(std::min(end + 1, text.size()));
    for (const char* topic : {"t", "t.fifo"}) set_on_topic(topic, name, value);
    for (const char* protocol : {"sqs", "https"})
        for (const char* scope : {"MessageAttributes", "MessageBody"}) set_on_subscription(protocol, scope, name, value);
    read_names(text);
    return 0;
}
